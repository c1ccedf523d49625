"""All that the load profile measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.load_profile.burst import Burst
    from bench.load_profile.probes import Seen
    from bench.load_profile.trial import Trial


@dataclass(frozen=True, slots=True)
class Profile:
    """Trials in the order they were tried, the highest rate that held, and what was seen at fixed rates.

    ``behind`` and ``steady`` have the same rate: while what the search put off is computed, and once it is.
    """

    trials: tuple[Trial, ...]
    sustained: float
    behind: tuple[Trial, Seen]
    steady: tuple[Trial, Seen]
    soak: tuple[Trial, Seen]
    burst: Burst
