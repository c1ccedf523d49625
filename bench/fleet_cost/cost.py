"""What a path through the stores costs the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.fleet_cost.explaining import Statement


@dataclass(frozen=True, slots=True)
class Cost:
    """What one path cost at one size of the fleet: its statements, each the quickest of its runs."""

    service: str
    name: str
    rooftops: int
    statements: tuple[Statement, ...]

    @property
    def buffers(self) -> int:
        """Sum up the pages touched."""
        return sum(statement.buffers for statement in self.statements)

    @property
    def milliseconds(self) -> float:
        """Sum up the time of execution."""
        return sum(statement.milliseconds for statement in self.statements)
