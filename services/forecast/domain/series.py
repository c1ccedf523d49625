"""One segment at one rooftop as a weekly series of sales and of time on hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import monday

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class SegmentHistory:
    """Weekly sales of a segment at a rooftop since it was first seen there, oldest first.

    ``sales``: units retailed, shape ``[weeks]``. ``exposure``: fraction of the week's days with at least
    one unit on hand, in [0, 1], same shape. ``first_week`` is a Monday. Both arrays may be empty: the
    segment is then known, but has no complete week. Raises ValueError where they contradict this.
    """

    segment: str
    first_week: date
    sales: NDArray[np.float64]
    exposure: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse what would make every later figure silently wrong."""
        where = f"history of segment {self.segment!r}"
        if self.first_week.weekday() != 0:
            message = f"{where} starts on {self.first_week}, which is no Monday"
            raise ValueError(message)
        if self.sales.ndim != 1 or self.sales.shape != self.exposure.shape:
            shapes = f"sales {self.sales.shape} and exposure {self.exposure.shape}"
            message = f"{where}: {shapes} must match, one value a week"
            raise ValueError(message)
        if not (np.isfinite(self.sales).all() and (self.sales >= 0).all()):
            message = f"{where}: sales must be finite and not negative"
            raise ValueError(message)
        if not ((self.exposure >= 0) & (self.exposure <= 1)).all():
            message = f"{where}: exposure must lie between 0 and 1"
            raise ValueError(message)

    @property
    def weeks(self) -> int:
        """Count the complete weeks of the series."""
        return int(self.sales.size)

    @property
    def end(self) -> date:
        """Name the Monday after the last week."""
        return self.first_week + timedelta(weeks=self.weeks)

    @property
    def mean(self) -> float:
        """Average units sold a week, stock-outs included; 0 for an empty series."""
        return float(self.sales.mean()) if self.weeks else 0.0

    def before(self, weeks_back: int) -> SegmentHistory:
        """Forget the last ``weeks_back`` weeks, as if they had not happened yet."""
        if weeks_back <= 0:
            return self
        keep = max(0, self.weeks - weeks_back)
        first = self.first_week if keep else self.end - timedelta(weeks=weeks_back)
        return replace(self, first_week=first, sales=self.sales[:keep], exposure=self.exposure[:keep])


def no_history(segment: str, as_of: date) -> SegmentHistory:
    """Describe a segment that a rooftop has never had for a complete week before ``as_of``."""
    return SegmentHistory(segment, monday(as_of), np.zeros(0), np.zeros(0))
