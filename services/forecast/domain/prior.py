"""What is believed of a segment's demand before its own sales are looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.forecast.domain.calendar import MONTHS_PER_YEAR

_DAYS_PER_WEEK = 7
_MARKET_WEEKS = 8.0


@dataclass(frozen=True, slots=True)
class RatePrior:
    """A gamma distribution of a segment's rate, with what its sisters share: dispersion and season.

    ``shape`` counts units and ``weeks`` weeks on hand, as if seen; their ratio is the mean, units a week.
    ``dispersion`` is a week's variance over mean, ``season`` the indices of the phases around 1, for weeks the
    twelve months, January first. Raises ValueError where a figure is impossible.
    """

    shape: float
    weeks: float
    dispersion: float = 1.0
    season: tuple[float, ...] = (1.0,) * MONTHS_PER_YEAR

    def __post_init__(self) -> None:
        """Refuse an improper prior."""
        if not (self.shape > 0 and self.weeks > 0 and self.dispersion >= 1):
            message = f"a prior needs shape > 0, weeks > 0 and dispersion >= 1, not {self}"
            raise ValueError(message)
        if not self.season or min(self.season) <= 0:
            message = f"a season is positive indices, twelve for months, not {self.season}"
            raise ValueError(message)

    @property
    def mean(self) -> float:
        """Expected units a week."""
        return self.shape / self.weeks

    def with_market(self, market: MarketRate | None, weeks_on_hand: float) -> RatePrior:
        """Add what the market suggests, as long as the rooftop has less experience of its own.

        The market's weight falls by a week with each of ``weeks_on_hand``, and is then gone: a share of the
        market is a guess at a rate that own sales measure.
        """
        if market is None or market.weeks <= weeks_on_hand:
            return self
        weight = market.weeks - weeks_on_hand
        return replace(self, shape=self.shape + weight * market.units_per_week, weeks=self.weeks + weight)


@dataclass(frozen=True, slots=True)
class MarketRate:
    """What a rooftop would sell of a segment at its usual share, and how many weeks that guess is worth."""

    units_per_week: float
    weeks: float = _MARKET_WEEKS

    def __post_init__(self) -> None:
        """Refuse negative rates and weights."""
        if self.units_per_week < 0 or self.weeks < 0:
            message = f"a market rate and its weight in weeks cannot be negative: {self}"
            raise ValueError(message)


def market_rate(sold_per_day: float, own_share: float, weeks: float = _MARKET_WEEKS) -> MarketRate:
    """Turn a market's sales of a segment, units a day, and the rooftop's share in [0, 1] into a rate."""
    if not 0 <= own_share <= 1:
        message = f"own share is a fraction between 0 and 1, not {own_share}"
        raise ValueError(message)
    return MarketRate(sold_per_day * own_share * _DAYS_PER_WEEK, weeks)


UNINFORMED = RatePrior(shape=0.5, weeks=2.0, dispersion=1.2)
"""Before any sale of any sister: about one a month, give or take everything."""
