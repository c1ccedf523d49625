"""Sister segments side by side, weeks aligned at their common end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import months_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from services.forecast.domain.series import SegmentHistory


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Sales and exposure of several series, ``[series, weeks]``; exposure is 0 before a series began."""

    first_week: date
    sales: NDArray[np.float64]
    exposure: NDArray[np.float64]

    @property
    def months(self) -> NDArray[np.int64]:
        """Give each week's month, 0 for January."""
        return months_of(self.first_week, self.sales.shape[1])

    def before(self, weeks_back: int) -> Panel:
        """Forget the last ``weeks_back`` weeks of every series."""
        keep = max(0, self.sales.shape[1] - weeks_back)
        return Panel(self.first_week, self.sales[:, :keep], self.exposure[:, :keep])


def panel_of(histories: Collection[SegmentHistory], end: date) -> Panel:
    """Align series that end on the same Monday; of one rooftop, or of all a tenant's.

    Raises ValueError for a series that ends elsewhere, which would put its weeks in the wrong month.
    """
    for history in histories:
        if history.end != end:
            ends = f"history of {history.segment!r} ends on {history.end}"
            message = f"{ends}, its sisters on {end}; count all to the same day"
            raise ValueError(message)
    width = max((history.weeks for history in histories), default=0)
    sales, exposure = np.zeros((2, len(histories), width))
    for row, history in enumerate(histories):
        sales[row, width - history.weeks :] = history.sales
        exposure[row, width - history.weeks :] = history.exposure
    return Panel(end - timedelta(weeks=width), sales, exposure)
