"""``python -m doso.contracts``: write the contract files, or compare them with the code."""

from pathlib import Path
from typing import Annotated

import typer

from doso.console import fail, out
from doso.contracts import files


def contracts(
    *,
    write: Annotated[
        bool, typer.Option("--write/--check", help="Write the files, or only compare them with the code.")
    ] = False,
) -> None:
    """Compare the committed contracts with the code, or write them anew.

    A breaking change within a version is refused either way.
    """
    if broken := files.breaks():
        fail(
            "\n".join(("breaking changes of what is in use:", *broken))
            + "\nof an event: add a model with the next schema_version and read both until the topic is drained;"
            " of a migration: put it back as it was released, and add another that changes what it made"
        )
    if unknown := files.strays():
        fail(f"no topic or service has these files, delete them: {', '.join(map(str, unknown))}")
    texts = files.wanted()
    stale = {path: text for path, text in texts.items() if files.committed(path) != text}
    if write:
        _write(stale)
    elif stale:
        for path, text in stale.items():
            out.print(files.difference(path, text), markup=False, highlight=False, soft_wrap=True)
        fail(f"{len(stale)} contract files differ from the code; run: python -m doso.contracts --write")
    out.print(f"{len(texts)} contract files are as the code has them", highlight=False)


def _write(texts: dict[Path, str]) -> None:
    for path, text in texts.items():
        (files.ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (files.ROOT / path).write_text(text, "utf-8")
        out.print(f"wrote {path}", highlight=False)


if __name__ == "__main__":
    typer.run(contracts)
