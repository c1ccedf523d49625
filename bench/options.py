"""What a run of the benchmarks is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.local.settings import BrokerChoice


@dataclass(frozen=True, slots=True)
class Options:
    """Brokers to run on, timed windows in seconds (None: each table's own), repeats, and a folder for data.

    ``minutes``: about how long the load profile sends after its search. ``pictures``: the folder of pictures.
    ``past``: how many events of days before lie in the tables when throughput is measured.
    """

    brokers: tuple[BrokerChoice, ...]
    seconds: float | None
    repeats: int
    folder: Path
    minutes: float
    pictures: Path
    past: int

    def window(self, usual: float) -> float:
        """Give the length of a timed window whose usual length is ``usual`` seconds."""
        return usual if self.seconds is None else self.seconds
