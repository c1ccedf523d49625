"""How full each shelf was, week by week."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.recommend.domain.pace.unit_life import LIVES_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.recommend.domain.pace.unit_life import UnitLife


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many stood on each shelf at the beginning of each week."""

    counts: Counter[tuple[tuple[str, str], int]]

    @classmethod
    def of(cls, lives: Sequence[UnitLife], as_of: date) -> Crowd:
        """Count the lives of a year."""
        counts: Counter[tuple[tuple[str, str], int]] = Counter()
        since = (as_of - timedelta(days=LIVES_DAYS)).toordinal()
        for life in lives:
            came, end = life.unit.group_stock_date or life.unit.stock_date, (life.left or as_of).toordinal()
            if came is not None:
                weeks = range(max(came.toordinal(), since) // 7, end // 7 + 1)
                counts.update(((life.unit.dealer_id, life.unit.segment), week) for week in weeks)
        return cls(counts)

    def on(self, day: date, shelf: tuple[str, str]) -> int:
        """Count those there in the week of a day, the unit itself included."""
        return max(1, self.counts[shelf, day.toordinal() // 7])
