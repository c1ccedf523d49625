"""``python -m doso``: the command line, where no script is installed."""

from doso.main import main

main()
