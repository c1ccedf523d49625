"""What every command shares: consoles, and a clear end when something is wrong."""

from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

# What is printed comes from files and events as well: a column called "Odometer [mi]" is no markup.
out = Console(markup=False)
err = Console(stderr=True, markup=False)


def fail(message: str, *, code: int = 1) -> NoReturn:
    """Say what is wrong and end with an exit code."""
    err.print(Text.assemble(("Error:", "bold red"), " ", message), soft_wrap=True)
    raise typer.Exit(code)
