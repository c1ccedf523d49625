"""One unit's stay as it was watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from services.recommend.domain.book import Unit

LIVES_DAYS = 365
"""Lives are watched for a year: older ones tell of another market."""


@dataclass(frozen=True, slots=True)
class UnitLife:
    """A unit that stands or stood here; ``left`` and ``sold`` (at retail) tell how its stay ended."""

    unit: Unit
    left: date | None = None
    sold: bool = False
    prices: tuple[tuple[date, float], ...] = ()
    """Asking prices with the day from which each is known to have held, in order; empty where none was seen."""
