"""All there is to say of one segment to one rooftop, and when saying it again is news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.market.domain.competitors import CompetitorMoves
from services.market.domain.like_mine import LikeMine
from services.market.domain.own import UnitMarket
from services.market.domain.price_model import PriceModel
from services.market.domain.share_trend import ShareTrend

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
    "own_inbound",
    "gap_units",
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
class SegmentMarket:
    """All there is to say of one segment to one rooftop; shares are fractions of one, prices local.

    ``as_of`` and ``window_days`` are those of the market data. A segment only the rooftop has shows a market
    of zero; one only the market has shows own counts of zero. The three flat price figures are a straight
    line, in place of ``price_model`` for readers that know no better.
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
    own_inbound: int = 0
    gap_units: int | None = None
    target_units: float | None = None
    reading: str | None = None
    market_total: float = 0.0
    own_stock_total: int = 0
    own_sales_total: int = 0
    expected_own_sales: float = 0.0
    price_model: PriceModel | None = None
    like_mine: tuple[LikeMine, ...] = ()
    share_trend: ShareTrend | None = None
    competitors: CompetitorMoves | None = None
    own_units: tuple[UnitMarket, ...] = ()


def nothing_left(old: SegmentMarket, as_of: date) -> SegmentMarket | None:
    """Give what is to be said of a segment that nobody offers or sells any more; None where that was said before."""
    counts = (old.active_listings, old.sold_in_window, old.own_stock, old.own_inbound, old.own_sales)
    if not any(counts):
        return None
    return SegmentMarket(
        segment=old.segment,
        label=old.label,
        as_of=as_of,
        window_days=old.window_days,
        active_listings=0,
        sold_in_window=0.0,
        sold_per_day=0.0,
        market_days_supply=None,
        price_p25=None,
        price_median=None,
        price_p75=None,
        price_log_reference=None,
        price_age_slope=None,
        price_km_slope=None,
        price_residual_sd=None,
        priced_listings=0,
        market_share=None,
        stock_share=None,
        sales_share=None,
        gap=None,
        gap_index=None,
        own_stock=0,
        own_sales=0,
        expected_count=0.0,
        suppressed=False,
    )


def materially_differs(old: SegmentMarket | None, new: SegmentMarket) -> bool:
    """Tell whether a reader would act differently on ``new``, so that only such changes are published.

    Counts and prices count from one per cent, log prices from 0.01, slopes from 0.001, shares from a tenth of
    a point; a figure that appears or vanishes always counts, and so do other own units, another reading or
    direction of the share, and data that are a week newer.
    """
    if old is None or old.suppressed != new.suppressed or old.window_days != new.window_days:
        return True
    if abs((new.as_of - old.as_of).days) >= REFRESHED_AFTER_DAYS:
        return True
    if old.reading != new.reading or _direction(old) != _direction(new) or _units_moved(old, new):
        return True
    return any(
        _moved(getattr(old, name), getattr(new, name), relative=RELATIVE_CHANGE) for name in _TOLERATED_RELATIVE
    ) or any(_moved(getattr(old, name), getattr(new, name), absolute=by) for name, by in _TOLERATED_ABSOLUTE.items())


def _direction(market: SegmentMarket) -> str | None:
    return market.share_trend.direction if market.share_trend else None


def _units_moved(old: SegmentMarket, new: SegmentMarket) -> bool:
    if [unit.vehicle_key for unit in old.own_units] != [unit.vehicle_key for unit in new.own_units]:
        return True
    return any(
        _moved(before.expected_price, after.expected_price, relative=RELATIVE_CHANGE)
        for before, after in zip(old.own_units, new.own_units, strict=True)
    )


def _moved(old: float | None, new: float | None, *, relative: float = 0.0, absolute: float = 0.0) -> bool:
    if old is None or new is None:
        return old is not new
    return abs(new - old) > max(absolute, relative * abs(old))
