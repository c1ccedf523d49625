"""Showing what is being measured, so that no wait is silent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

Advance = Callable[[float], None]
"""Told how much of a step is done, counted from its beginning."""

_BEATS_PER_SECOND = 4
"""Few, because drawing takes time from what is being measured."""


class Steps:
    """The steps of a benchmark on the terminal, each under the name of its table."""

    def __init__(self, console: Console) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self.progress = Progress(*columns, console=console, transient=True, refresh_per_second=_BEATS_PER_SECOND)
        self._table = ""

    @contextmanager
    def table(self, name: str) -> Iterator[None]:
        """Put the following steps under the name of a table."""
        self._table = name
        yield
        self._table = ""

    @contextmanager
    def step(self, text: str, total: float | None = None) -> Iterator[Advance]:
        """Show a step while the block runs; without a total only that it is under way."""
        task = self.progress.add_task(f"{self._table}: {text}", total=total)
        try:
            yield lambda done: self.progress.update(task, completed=done)
        finally:
            self.progress.remove_task(task)
