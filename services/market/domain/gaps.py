"""Mix gap: what the market sells against what one rooftop stocks and sells, per segment.

All shares are within a condition group (new against new, used against used) and one region.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from services.market.domain.listings import condition_group

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from services.market.domain.own import OwnSale, OwnUnit

SMALLEST_EXPECTED_COUNT = 5.0
NOTABLE_GAP = 0.05
"""A gap of five points either way deserves a look."""
POOR_FIT = 0.5
"""Own share of sales under this part of the market's: the rooftop does not sell them even where it has them."""


class Reading(StrEnum):
    """What the three shares together say."""

    UNDERSTOCKED = "understocked"
    OVERSTOCKED = "overstocked"
    POOR_FIT = "poor fit"
    BALANCED = "balanced"


@dataclass(frozen=True, slots=True)
class Gap:
    """One segment at one rooftop; shares are fractions of one, None where there is nothing to divide by.

    ``market_share`` m of the market's sales, ``stock_share`` s of own stock, ``sales_share`` o of own sales;
    ``gap`` = m - s. ``expected_count`` is the market sales to be expected in the segment if the market's
    sales and the rooftop's stock were one mix (the expected cell of a chi-squared table of the two); under 5
    the gap is within chance and ``suppressed``. ``expected_own_sales`` is the same of own sales at the
    market's share; under 5, o says nothing. The totals are of the condition group: what the shares are of.

    ``target_units`` is the market's share of what the rooftop has on hand and inbound, so that ``gap_units``,
    target - on hand - inbound, changes the mix and not the size of the stock.
    """

    segment: str
    market_share: float | None
    stock_share: float | None
    sales_share: float | None
    own_stock: int
    own_sales: int
    expected_count: float
    suppressed: bool
    own_inbound: int
    market_total: float
    own_stock_total: int
    own_sales_total: int
    expected_own_sales: float
    target_units: float | None

    @property
    def gap_units(self) -> int | None:
        """Give how many units to add (below zero: to shed); None where the gap is suppressed or unknown."""
        if self.target_units is None or self.suppressed:
            return None
        return round(self.target_units) - self.own_stock - self.own_inbound

    @property
    def reading(self) -> Reading | None:
        """Say what market, stock and sales shares mean side by side; None where the gap is suppressed.

        Where the market sells more of it than is stocked, but the rooftop's own sales lag the market's far
        more, the rooftop may not suit the segment: that is no call for more of them.
        """
        if self.gap is None or self.suppressed:
            return None
        if self.gap <= -NOTABLE_GAP:
            return Reading.OVERSTOCKED
        if self.gap < NOTABLE_GAP:
            return Reading.BALANCED
        enough = self.expected_own_sales >= SMALLEST_EXPECTED_COUNT and self.own_stock > 0
        if enough and (self.sales_share or 0.0) < POOR_FIT * (self.stock_share or 0.0):
            return Reading.POOR_FIT
        return Reading.UNDERSTOCKED

    @property
    def gap(self) -> float | None:
        """Give m - s, a fraction of one: above zero the rooftop holds less of it than the market sells."""
        if self.market_share is None or self.stock_share is None:
            return None
        return self.market_share - self.stock_share

    @property
    def gap_points(self) -> float | None:
        """Give the gap in percentage points; five either way deserve a look."""
        return None if self.gap is None else 100 * self.gap

    @property
    def index(self) -> float | None:
        """Give 100 * s / m: 100 is the market's mix, None where the market sold none."""
        if not self.market_share or self.stock_share is None:
            return None
        return 100 * self.stock_share / self.market_share


def mix_gaps(
    market_sales: Mapping[str, float],
    units: Iterable[OwnUnit],
    sales: Iterable[OwnSale],
    as_of: date,
    window_days: int,
) -> tuple[Gap, ...]:
    """Compare mixes for every segment that the market or the rooftop has, sorted by segment.

    Units on order count as inbound, not as stock.

    ``market_sales`` are the sales per segment within the market's window; own sales count from the
    ``window_days`` days that end on ``as_of``, the rooftop's own today.
    """
    after = as_of - timedelta(days=window_days)
    units = tuple(units)
    stock = Counter(unit.segment for unit in units if not unit.inbound)
    inbound: Counter[str] = Counter()
    for unit in units:
        inbound[unit.segment] += unit.quantity if unit.inbound else 0
    sold = Counter(sale.segment for sale in sales if after < sale.sold_on <= as_of)
    in_market, in_stock, in_sales = _group_totals(market_sales), _group_totals(stock), _group_totals(sold)
    to_come = _group_totals(inbound)
    gaps = []
    for segment in sorted({*market_sales, *stock, *sold, *+inbound}):
        group = condition_group(segment)
        market_total, stock_total = in_market[group], in_stock[group]
        pooled = _share(market_sales.get(segment, 0.0) + stock[segment], market_total + stock_total) or 0.0
        expected = market_total * pooled
        market_share = _share(market_sales.get(segment, 0.0), market_total)
        gaps.append(
            Gap(
                segment=segment,
                market_share=market_share,
                stock_share=_share(stock[segment], stock_total),
                sales_share=_share(sold[segment], in_sales[group]),
                own_stock=stock[segment],
                own_sales=sold[segment],
                expected_count=expected,
                suppressed=expected < SMALLEST_EXPECTED_COUNT,
                own_inbound=inbound[segment],
                market_total=market_total,
                own_stock_total=int(stock_total),
                own_sales_total=int(in_sales[group]),
                expected_own_sales=(market_share or 0.0) * in_sales[group],
                target_units=None if market_share is None else market_share * (stock_total + to_come[group]),
            )
        )
    return tuple(gaps)


def _group_totals(counts: Mapping[str, float]) -> defaultdict[str, float]:
    totals: defaultdict[str, float] = defaultdict(float)
    for segment, count in counts.items():
        totals[condition_group(segment)] += count
    return totals


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
