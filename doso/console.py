"""What every command shares: consoles, and a clear end when something is wrong."""

from typing import NoReturn

import typer
from rich.console import Console

out = Console()
err = Console(stderr=True)


def fail(message: str, *, code: int = 1) -> NoReturn:
    """Say what is wrong and end with an exit code."""
    err.print(f"[bold red]Error:[/] {message}", soft_wrap=True)
    raise typer.Exit(code)
