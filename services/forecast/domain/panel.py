"""Series side by side, aligned at their common end: what every strategy is given to learn from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar_effect import NO_EFFECT, CalendarEffect
from services.forecast.domain.censoring import expected_demand
from services.forecast.domain.frequency import Frequency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from services.forecast.domain.prior import MarketRate, RatePrior
    from services.forecast.domain.series import History


@dataclass(frozen=True, eq=False)
class Panel:
    """Values and exposure of several series, ``[series, periods]``; exposure is 0 before a series began.

    ``began``: index of each series' first period. ``groups``: each series' place in the hierarchy, levels
    from the top separated by slashes, e.g. ``used/pickup``. ``markets``: what the market suggests, by name.
    ``above``: what the level over all these series (the tenant) teaches. ``sisters``: series of its
    other rooftops that end on the same day, whose seasons these series' own are drawn to. ``effect``: the calendar's.
    """

    frequency: Frequency
    first: date
    values: NDArray[np.float64]
    exposure: NDArray[np.float64]
    began: NDArray[np.int64]
    names: tuple[str, ...]
    groups: tuple[str, ...]
    markets: Mapping[str, MarketRate] = field(default_factory=dict)
    above: RatePrior | None = None
    sisters: Panel | None = None
    effect: CalendarEffect = NO_EFFECT

    @property
    def size(self) -> int:
        """Count the series."""
        return int(self.values.shape[0])

    @property
    def periods(self) -> int:
        """Count the periods of the longest series."""
        return int(self.values.shape[1])

    @property
    def end(self) -> date:
        """Name the first day after the last period."""
        return self.frequency.shift(self.first, self.periods)

    @cached_property
    def phases(self) -> NDArray[np.int64]:
        """Give the seasonal phase of each period."""
        return self.frequency.phase_of(self.first, self.periods)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Count each series' own periods."""
        return self.periods - self.began

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """Average each series over its own periods; 0 for an empty one."""
        averages: NDArray[np.float64] = self.values.sum(axis=1) / np.maximum(self.lengths, 1)
        return averages

    @cached_property
    def calendar_index(self) -> NDArray[np.float64]:
        """Give the calendar's multiplier of each period."""
        return self.effect.index(self.frequency, self.first, self.periods)

    @cached_property
    def demand(self) -> NDArray[np.float64]:
        """Fill stock-outs with what would have sold, and take the calendar's effect out."""
        filled: NDArray[np.float64] = expected_demand(self.values, self.exposure, self.began) / self.calendar_index
        return filled

    def index_ahead(self, horizon: int) -> NDArray[np.float64]:
        """Give the calendar's multiplier of the periods after the end, ``[horizon]``."""
        return self.effect.index(self.frequency, self.end, horizon)

    def phases_ahead(self, horizon: int) -> NDArray[np.int64]:
        """Give the seasonal phase of the periods after the end, ``[horizon]``."""
        return self.frequency.phase_of(self.end, horizon)

    def before(self, periods_back: int) -> Panel:
        """Forget the last ``periods_back`` periods of every series, the sisters' too."""
        keep = max(0, self.periods - periods_back)
        return replace(
            self,
            first=self.frequency.shift(self.end, -max(periods_back, self.periods)) if keep == 0 else self.first,
            values=self.values[:, :keep],
            exposure=self.exposure[:, :keep],
            began=np.minimum(self.began, keep),
            sisters=self.sisters and self.sisters.before(periods_back),
        )

    def rows(self, rows: Sequence[int] | NDArray[np.int64]) -> Panel:
        """Keep some of the series, by number, in the order given."""
        chosen = np.asarray(rows, dtype=np.int64)
        return replace(
            self,
            values=self.values[chosen],
            exposure=self.exposure[chosen],
            began=self.began[chosen],
            names=tuple(self.names[row] for row in chosen),
            groups=tuple(self.groups[row] for row in chosen),
        )


def panel_of(
    histories: Collection[History],
    end: date,
    *,
    groups: Mapping[str, str] | None = None,
    markets: Mapping[str, MarketRate] | None = None,
    above: RatePrior | None = None,
    sisters: Panel | None = None,
) -> Panel:
    """Align series that end on the same day; of one rooftop, or of all a tenant's.

    ``groups`` by name, see ``Panel``; a series without one has only its sisters. Raises ValueError for a
    series that ends elsewhere, which would put its periods in the wrong month, or of another frequency.
    """
    frequencies = {history.frequency for history in histories} or {Frequency.WEEK}
    if len(frequencies) > 1:
        message = f"series of one panel have one frequency, not {sorted(frequencies)}"
        raise ValueError(message)
    for history in histories:
        if history.end != end:
            ends = f"history of {history.name!r} ends on {history.end}"
            message = f"{ends}, its sisters on {end}; count all to the same day"
            raise ValueError(message)
    (frequency,) = frequencies
    width = max((history.periods for history in histories), default=0)
    values, exposure = np.zeros((2, len(histories), width))
    for row, history in enumerate(histories):
        values[row, width - history.periods :] = history.values
        exposure[row, width - history.periods :] = history.exposure
    names = tuple(history.name for history in histories)
    return Panel(
        frequency=frequency,
        first=frequency.shift(end, -width),
        values=values,
        exposure=exposure,
        began=np.array([width - history.periods for history in histories], dtype=np.int64),
        names=names,
        groups=tuple((groups or {}).get(name, "") for name in names),
        markets=markets or {},
        above=above,
        sisters=sisters,
    )
