"""Mix gap: what the market sells against what one rooftop stocks and sells, per segment.

All shares are within a condition group (new against new, used against used) and one region.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.market.domain.listings import condition_group

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

SMALLEST_EXPECTED_COUNT = 5.0


@dataclass(frozen=True, slots=True)
class OwnUnit:
    """A retail vehicle the rooftop has on hand; sold-pending and wholesale-intent ones are to be left out."""

    key: str
    segment: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class OwnSale:
    """A retail sale of the rooftop that stands; unwound and wholesale ones are to be left out."""

    key: str
    segment: str
    sold_on: date
    label: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """One segment at one rooftop; shares are fractions of one, None where there is nothing to divide by.

    ``market_share`` m of the market's sales, ``stock_share`` s of own stock, ``sales_share`` o of own sales;
    ``gap`` = m - s. ``expected_count`` is the market sales to be expected in the segment if the market's
    sales and the rooftop's stock were one mix (the expected cell of a chi-squared table of the two); under 5
    the gap is within chance and ``suppressed``.
    """

    segment: str
    market_share: float | None
    stock_share: float | None
    sales_share: float | None
    own_stock: int
    own_sales: int
    expected_count: float
    suppressed: bool

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

    ``market_sales`` are the sales per segment within the market's window; own sales count from the
    ``window_days`` days that end on ``as_of``, the rooftop's own today.
    """
    after = as_of - timedelta(days=window_days)
    stock = Counter(unit.segment for unit in units)
    sold = Counter(sale.segment for sale in sales if after < sale.sold_on <= as_of)
    in_market, in_stock, in_sales = _group_totals(market_sales), _group_totals(stock), _group_totals(sold)
    gaps = []
    for segment in sorted({*market_sales, *stock, *sold}):
        group = condition_group(segment)
        market_total, stock_total = in_market[group], in_stock[group]
        pooled = _share(market_sales.get(segment, 0.0) + stock[segment], market_total + stock_total) or 0.0
        expected = market_total * pooled
        gaps.append(
            Gap(
                segment=segment,
                market_share=_share(market_sales.get(segment, 0.0), market_total),
                stock_share=_share(stock[segment], stock_total),
                sales_share=_share(sold[segment], in_sales[group]),
                own_stock=stock[segment],
                own_sales=sold[segment],
                expected_count=expected,
                suppressed=expected < SMALLEST_EXPECTED_COUNT,
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
