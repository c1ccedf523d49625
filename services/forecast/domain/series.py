"""One dated series: what was sold in each period, and for how much of it there was any to sell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import monday
from services.forecast.domain.frequency import Frequency

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The past of one series, oldest period first: a segment's weeks at a rooftop, or any dated figures.

    ``values``: units retailed, or whatever is forecast, shape ``[periods]``. ``exposure``: fraction of the
    period with at least one unit on hand, in [0, 1], same shape; ones where nothing limits sales.
    ``first`` starts a period of ``frequency``, a Monday for weeks. Both arrays may be empty: the series is
    then known, but has no complete period. Raises ValueError where they contradict this.
    """

    name: str
    first: date
    values: NDArray[np.float64]
    exposure: NDArray[np.float64]
    frequency: Frequency = Frequency.WEEK

    def __post_init__(self) -> None:
        """Refuse what would make every later figure silently wrong."""
        where = f"history of {self.name!r}"
        if self.first != (start := self.frequency.floor(self.first)):
            kind = self.frequency.name.lower()
            message = f"{where} starts on {self.first}, which does not start a {kind} as {start} does"
            raise ValueError(message)
        if self.values.ndim != 1 or self.values.shape != self.exposure.shape:
            shapes = f"values {self.values.shape} and exposure {self.exposure.shape}"
            message = f"{where}: {shapes} must match, one value a period"
            raise ValueError(message)
        if not (np.isfinite(self.values).all() and (self.values >= 0).all()):
            message = f"{where}: values must be finite and not negative"
            raise ValueError(message)
        if not ((self.exposure >= 0) & (self.exposure <= 1)).all():
            message = f"{where}: exposure must lie between 0 and 1"
            raise ValueError(message)

    @property
    def periods(self) -> int:
        """Count the complete periods of the series."""
        return int(self.values.size)

    @property
    def end(self) -> date:
        """Name the first day after the last period."""
        return self.frequency.shift(self.first, self.periods)

    @property
    def mean(self) -> float:
        """Average a period, stock-outs included; 0 for an empty series."""
        return float(self.values.mean()) if self.periods else 0.0

    def before(self, periods_back: int) -> History:
        """Forget the last ``periods_back`` periods, as if they had not happened yet."""
        if periods_back <= 0:
            return self
        keep = max(0, self.periods - periods_back)
        first = self.first if keep else self.frequency.shift(self.end, -periods_back)
        return replace(self, first=first, values=self.values[:keep], exposure=self.exposure[:keep])


def no_history(segment: str, as_of: date) -> History:
    """Describe a segment that a rooftop has never had for a complete week before ``as_of``."""
    return History(segment, monday(as_of), np.zeros(0), np.zeros(0))


def always_on_hand(name: str, first: date, values: NDArray[np.float64], frequency: Frequency) -> History:
    """Describe a series that no stock limits, such as registrations or web visits; ``values`` a period each."""
    return History(name, first, values, np.ones(values.size), frequency)
