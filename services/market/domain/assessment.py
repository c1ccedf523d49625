"""The market of a region as one rooftop sees it: one survey for all rooftops, set against each one's stock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.market.domain.competitors import CompetitorMoves, competitor_moves
from services.market.domain.gaps import Gap, mix_gaps
from services.market.domain.like_mine import Cell, LikeMine, cell_of, like_mine
from services.market.domain.observation import Assumptions, observe
from services.market.domain.own import OwnSale, OwnUnit, UnitMarket, unit_markets
from services.market.domain.price_model import PriceModel, fit_price_models
from services.market.domain.segment_market import SegmentMarket
from services.market.domain.share_trend import ShareTrend, share_trends
from services.market.domain.statistics import PRICED_MINIMUM, SegmentStatistics, segment_statistics

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from services.market.domain.listings import Listings

CELLS_SHOWN = 40
SMALLEST_CELL = 5
"""Cells of fewer adverts are shown only where the rooftop has such a unit."""


@dataclass(frozen=True, slots=True)
class MarketSurvey:
    """A region's market without any rooftop, so that it is computed once for all rooftops of the region.

    ``as_of`` is the newest day the data know and ``window_days`` the days of sales that were really watched.
    """

    as_of: date
    window_days: int
    statistics: tuple[SegmentStatistics, ...]
    price_models: dict[str, PriceModel]
    like_mine: dict[str, dict[Cell, LikeMine]] = field(default_factory=dict)
    share_trends: dict[str, ShareTrend] = field(default_factory=dict)
    competitors: dict[str, CompetitorMoves] = field(default_factory=dict)


def survey(
    listings: Listings,
    as_of: date,
    assumptions: Assumptions | None = None,
    observed_since: date | None = None,
    own_vins: Collection[str] = frozenset(),
) -> MarketSurvey:
    """Compute all that a region's listings say; ValueError where there is no listing by ``as_of``.

    Prices are learned from listings that are active or left within the window. ``own_vins`` are the group's
    vehicles: part of the market, but no competitors.
    """
    assumptions = assumptions or Assumptions()
    observation = observe(listings, as_of, assumptions, observed_since)
    recent = observation.on_market | observation.left
    return MarketSurvey(
        as_of=observation.as_of,
        window_days=observation.window_days,
        statistics=segment_statistics(listings, observation, assumptions),
        price_models=fit_price_models(listings, recent, observation.as_of),
        like_mine=like_mine(listings, observation, assumptions),
        share_trends=share_trends(listings, observation, assumptions),
        competitors=competitor_moves(listings, observation, own_vins),
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
    # Prices are those of the day the market was seen, and so is the age that they are expected at.
    own = unit_markets(units, market.price_models, market.like_mine, market.as_of)
    mine = {unit.segment: set[Cell]() for unit in units}
    for unit in units:
        if unit.model_year is not None:
            mine[unit.segment].add(cell_of(unit.model_year, unit.trim))
    return [
        _row(
            market,
            known.get(gap.segment) or _unseen(gap, labels[gap.segment]),
            gap,
            own.get(gap.segment, ()),
            _cells(market.like_mine.get(gap.segment, {}), mine.get(gap.segment, set())),
        )
        for gap in gaps
    ]


def _cells(cells: Mapping[Cell, LikeMine], mine: Collection[Cell]) -> tuple[LikeMine, ...]:
    """Choose the cells worth showing: the rooftop's own first, then the largest."""
    worth = [key for key, cell in cells.items() if key in mine or cell.n >= SMALLEST_CELL]
    worth.sort(key=lambda key: (key not in mine, -cells[key].n, key))
    return tuple(cells[key] for key in worth[:CELLS_SHOWN])


def _unseen(gap: Gap, label: str) -> SegmentStatistics:
    """Describe the market of a segment that only the rooftop has."""
    return SegmentStatistics(gap.segment, label, 0, 0.0, 0.0, None, None, None, None, gap.market_share)


def _row(
    market: MarketSurvey,
    seen: SegmentStatistics,
    gap: Gap,
    own_units: tuple[UnitMarket, ...],
    cells: tuple[LikeMine, ...],
) -> SegmentMarket:
    model = market.price_models.get(seen.segment)
    # The straight line carries no uncertainty of its level, so that thin segments had better go without.
    line = model.straight if model and model.listings >= PRICED_MINIMUM else None
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
        price_log_reference=line.reference if line else None,
        price_age_slope=line.age_slope if line else None,
        price_km_slope=line.km_slope if line else None,
        price_residual_sd=model.residual_sd if model and line else None,
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
        own_inbound=gap.own_inbound,
        gap_units=gap.gap_units,
        target_units=gap.target_units,
        reading=gap.reading.value if gap.reading else None,
        market_total=gap.market_total,
        own_stock_total=gap.own_stock_total,
        own_sales_total=gap.own_sales_total,
        expected_own_sales=gap.expected_own_sales,
        price_model=model,
        like_mine=cells,
        share_trend=market.share_trends.get(seen.segment),
        competitors=market.competitors.get(seen.segment),
        own_units=own_units,
    )
