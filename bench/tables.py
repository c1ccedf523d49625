"""Rows of figure, limit, ratio and mark; printed, and kept as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import rich.box
from rich.table import Table as Grid

from bench.statistics import Spread, spread

if TYPE_CHECKING:
    from rich.console import Console

_THOUSAND = 1000.0
_HUNDRED = 100.0
_ONE = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """What the parts could do at best, measured in the same run and in the unit of the row."""

    name: str
    value: Spread


@dataclass(frozen=True, slots=True)
class Mark:
    """What a figure is to reach; ``words`` say it where the bare number would not."""

    sense: Literal["at least", "below"]
    value: float
    words: str = ""

    def met_by(self, figure: float) -> bool:
        """Tell whether a figure reaches the mark."""
        return figure >= self.value if self.sense == "at least" else figure < self.value

    def __str__(self) -> str:
        return self.words or f"{'≥' if self.sense == 'at least' else '<'} {shown(self.value)}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, what limits it, and what it is to reach."""

    name: str
    unit: str
    figure: Spread
    limits: tuple[Limit, ...] = ()
    mark: Mark | None = None
    detail: str = ""

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Divide the figure by each of its limits; None where a limit is nought."""
        return tuple(self.figure.median / limit.value.median if limit.value.median else None for limit in self.limits)

    @property
    def met(self) -> bool | None:
        """Tell whether the mark is reached; None where there is none."""
        return None if self.mark is None else self.mark.met_by(self.figure.median)

    def as_json(self) -> dict[str, Any]:
        """Give the row as plain values."""
        return {**asdict(self), "ratios": self.ratios, "met": self.met}


@dataclass(slots=True)
class Table:
    """The rows of one benchmark, and what has to be known to read them."""

    name: str
    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Give the table as plain values."""
        rows = [row.as_json() for row in self.rows]
        return {"name": self.name, "title": self.title, "rows": rows, "notes": self.notes}

    def print(self, console: Console) -> None:
        """Print the table with its notes."""
        grid = Grid(title=self.title, title_justify="left", box=rich.box.SIMPLE_HEAD, pad_edge=False)
        grid.add_column("what", overflow="fold")
        grid.add_column("figure [min-max]", justify="right")
        grid.add_column("unit")
        grid.add_column("limit in this run")
        grid.add_column("ratio", justify="right")
        grid.add_column("mark", justify="right")
        grid.add_column("met")
        for row in self.rows:
            name = f"{row.name}\n  [dim]{row.detail}[/]" if row.detail else row.name
            limits = "\n".join(f"{limit.name} {ranged(limit.value)}" for limit in row.limits)
            ratios = "\n".join("–" if ratio is None else f"{shown(ratio)}×" for ratio in row.ratios)
            met = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[row.met]
            grid.add_row(name, ranged(row.figure), row.unit, limits, ratios, str(row.mark or ""), met)
        console.print(grid)
        for note in self.notes:
            console.print(f"[dim]· {note}[/]", highlight=False)
        console.print()


def once(value: float) -> Spread:
    """Give a figure that was measured a single time."""
    return spread([value])


def ranged(value: Spread) -> str:
    """Write a figure with the range of its repeats, where there is one."""
    if value.repeats == 1 or value.least == value.most:
        return shown(value.median)
    return f"{shown(value.median)} [{shown(value.least)}-{shown(value.most)}]"


def shown(value: float) -> str:
    """Write a number to about three digits, which is all that a shared machine can tell."""
    if abs(value) >= _THOUSAND:
        return f"{value:,.0f}"
    if abs(value) >= _HUNDRED:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 * _ONE else f"{value:.3g}"
