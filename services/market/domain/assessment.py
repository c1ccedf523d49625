"""The market of a region as one rooftop sees it: statistics, price model and mix gap per segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.market.domain.gaps import Gap, OwnSale, OwnUnit, mix_gaps
from services.market.domain.price_model import PriceModel, fit_price_models
from services.market.domain.statistics import Assumptions, SegmentStatistics, observe, segment_statistics

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.market.domain.listings import Listings

RELATIVE_CHANGE = 0.01
LOG_PRICE_CHANGE = 0.01
SLOPE_CHANGE = 0.001
SHARE_CHANGE = 0.001
REFRESHED_AFTER_DAYS = 7

_TOLERATED_RELATIVE = (
    "active_listings",
    "sold_in_window",
    "sold_per_day",
    "market_days_supply",
    "price_p25",
    "price_median",
    "price_p75",
    "priced_listings",
    "own_stock",
    "own_sales",
)
_TOLERATED_ABSOLUTE = {
    "price_log_reference": LOG_PRICE_CHANGE,
    "price_age_slope": SLOPE_CHANGE,
    "price_km_slope": SLOPE_CHANGE,
    "market_share": SHARE_CHANGE,
    "stock_share": SHARE_CHANGE,
    "sales_share": SHARE_CHANGE,
}


@dataclass(frozen=True, slots=True)
class MarketSurvey:
    """A region's market without any rooftop, so that it is computed once for all rooftops of the region.

    ``as_of`` is the newest day the data know and ``window_days`` the days of sales that were really watched.
    """

    as_of: date
    window_days: int
    statistics: tuple[SegmentStatistics, ...]
    price_models: dict[str, PriceModel]


@dataclass(frozen=True, slots=True)
class SegmentMarket:
    """All there is to say of one segment to one rooftop; shares are fractions of one, prices local.

    ``as_of`` and ``window_days`` are those of the market data. A segment only the rooftop has shows a market
    of zero; one only the market has shows own counts of zero.
    """

    segment: str
    label: str
    as_of: date
    window_days: int
    active_listings: int
    sold_in_window: float
    sold_per_day: float
    market_days_supply: float | None
    price_p25: float | None
    price_median: float | None
    price_p75: float | None
    price_log_reference: float | None
    price_age_slope: float | None
    price_km_slope: float | None
    price_residual_sd: float | None
    priced_listings: int
    market_share: float | None
    stock_share: float | None
    sales_share: float | None
    gap: float | None
    gap_index: float | None
    own_stock: int
    own_sales: int
    expected_count: float
    suppressed: bool


def survey(
    listings: Listings,
    as_of: date,
    assumptions: Assumptions | None = None,
    observed_since: date | None = None,
) -> MarketSurvey:
    """Compute a region's statistics and price models; ValueError where there is no listing by ``as_of``.

    Prices are learned from listings that are active or left within the window.
    """
    observation = observe(listings, as_of, assumptions, observed_since)
    recent = observation.on_market | observation.left
    return MarketSurvey(
        as_of=observation.as_of,
        window_days=observation.window_days,
        statistics=segment_statistics(listings, observation, assumptions),
        price_models=fit_price_models(listings, recent, observation.as_of),
    )


def assess(
    listings: Listings,
    units: Iterable[OwnUnit],
    sales: Iterable[OwnSale],
    as_of: date,
    assumptions: Assumptions | None = None,
) -> list[SegmentMarket]:
    """Survey the region and compare one rooftop with it; see ``survey`` and ``compare``."""
    return compare(survey(listings, as_of, assumptions), units, sales, as_of)


def compare(
    market: MarketSurvey, units: Iterable[OwnUnit], sales: Iterable[OwnSale], as_of: date
) -> list[SegmentMarket]:
    """Set one rooftop's stock and sales against the market, one row per segment that either has, sorted.

    ``as_of`` is the rooftop's today in its own time zone; its sales count over as many days as the market's.
    """
    units, sales = tuple(units), tuple(sales)
    known = {row.segment: row for row in market.statistics}
    labels = {sale.segment: sale.label or sale.segment for sale in sales}
    labels |= {unit.segment: unit.label or unit.segment for unit in units}
    sold = {row.segment: row.sold_in_window for row in market.statistics}
    gaps = mix_gaps(sold, units, sales, as_of, market.window_days)
    return [_row(market, known.get(gap.segment) or _unseen(gap, labels[gap.segment]), gap) for gap in gaps]


def materially_differs(old: SegmentMarket | None, new: SegmentMarket) -> bool:
    """Tell whether a reader would act differently on ``new``, so that only such changes are published.

    Counts and prices count from one per cent, log prices from 0.01, slopes from 0.001, shares from a tenth of
    a point; a figure that appears or vanishes always counts, and so do data that are a week newer.
    """
    if old is None or old.suppressed != new.suppressed or old.window_days != new.window_days:
        return True
    if abs((new.as_of - old.as_of).days) >= REFRESHED_AFTER_DAYS:
        return True
    return any(
        _moved(getattr(old, name), getattr(new, name), relative=RELATIVE_CHANGE) for name in _TOLERATED_RELATIVE
    ) or any(_moved(getattr(old, name), getattr(new, name), absolute=by) for name, by in _TOLERATED_ABSOLUTE.items())


def _moved(old: float | None, new: float | None, *, relative: float = 0.0, absolute: float = 0.0) -> bool:
    if old is None or new is None:
        return old is not new
    return abs(new - old) > max(absolute, relative * abs(old))


def _unseen(gap: Gap, label: str) -> SegmentStatistics:
    """Describe the market of a segment that only the rooftop has."""
    return SegmentStatistics(gap.segment, label, 0, 0.0, 0.0, None, None, None, None, gap.market_share)


def _row(market: MarketSurvey, seen: SegmentStatistics, gap: Gap) -> SegmentMarket:
    model = market.price_models.get(seen.segment)
    return SegmentMarket(
        segment=seen.segment,
        label=seen.label,
        as_of=market.as_of,
        window_days=market.window_days,
        active_listings=seen.active_listings,
        sold_in_window=seen.sold_in_window,
        sold_per_day=seen.sold_per_day,
        market_days_supply=seen.market_days_supply,
        price_p25=seen.price_p25,
        price_median=seen.price_median,
        price_p75=seen.price_p75,
        price_log_reference=model.reference if model else None,
        price_age_slope=model.age_slope if model else None,
        price_km_slope=model.km_slope if model else None,
        price_residual_sd=model.residual_sd if model else None,
        priced_listings=model.listings if model else 0,
        market_share=gap.market_share,
        stock_share=gap.stock_share,
        sales_share=gap.sales_share,
        gap=gap.gap,
        gap_index=gap.index,
        own_stock=gap.own_stock,
        own_sales=gap.own_sales,
        expected_count=gap.expected_count,
        suppressed=gap.suppressed,
    )
