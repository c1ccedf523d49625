"""What a path through the stores costs the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.fleet_cost.explaining import Statement


@dataclass(frozen=True, slots=True)
class Cost:
    """What one path cost at one size of the fleet: its statements, each the quickest of its runs.

    The yardstick took so many milliseconds meanwhile: a statement that costs the same in every fleet, so that
    times of a machine that was quicker a minute ago can be held side by side.
    """

    service: str
    name: str
    rooftops: int
    statements: tuple[Statement, ...]
    yardstick: float

    @property
    def buffers(self) -> int:
        """Sum up the pages touched."""
        return sum(statement.buffers for statement in self.statements)

    @property
    def milliseconds(self) -> float:
        """Sum up the time of execution."""
        return sum(statement.milliseconds for statement in self.statements)
