"""The book as it would have stood on a past day: only what was known by then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import fmean, median
from typing import TYPE_CHECKING

from doso.backtest.segment_market import segment_market
from services.forecast.domain.forecast import forecast_dealer
from services.forecast.domain.history import Stay, weekly_history
from services.forecast.strategies import light_strategies
from services.market.domain import Assumptions, Listing, Listings, compare, survey
from services.recommend.domain import (
    GrossHistory,
    Rooftop,
    SegmentDemand,
    TenantBook,
    Unit,
    typical_car,
    usual_stock,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doso.backtest.decisions.lives import Life
    from doso.backtest.decisions.reading import History
    from services.forecast.domain.series import History as Series
    from services.recommend.domain import Parameters, SegmentMarket

GROSS_DAYS = 180
DEALER = "dealer"
_OWN_MARKET_DAYS = 180
_WEEKS = 104


@dataclass(frozen=True, slots=True)
class Past:
    """One past day: the book of that day."""

    day: date
    book: TenantBook


def remember(history: History, parameters: Parameters, day: date) -> Past:
    """Put together the book of a day from what had happened before it.

    One thing is not in the files: earlier prices. The last price on a tag stands for all of its days.
    """
    known = [life for life in history.lives if life.stocked is None or life.stocked <= day]
    sold = [life for life in known if life.left is not None and life.left < day and life.retailed]
    demand = _histories(known, history, day)
    labels = {life.segment: life.label for life in history.lives}
    groups = {segment: segment.partition("/")[0] for segment in demand}
    forecasts = forecast_dealer(demand, {}, light_strategies(), day, groups=groups) if demand else []
    usual = usual_stock(
        (((DEALER, life.segment), life.stocked, life.left) for life in known if life.stocked is not None), day
    )
    return Past(
        day=day,
        book=TenantBook(
            tenant_id="replay",
            rooftops=(Rooftop(dealer_id=DEALER, name=history.dealer, currency="USD", parameters=parameters),),
            units=tuple(_unit(life) for life in known if life.stood_on(day)),
            markets=tuple(_markets(history, known, day)),
            demands=tuple(
                SegmentDemand(
                    dealer_id=DEALER,
                    segment=each.segment,
                    label=labels[each.segment],
                    as_of=day,
                    weekly_means=tuple(week.mean for week in each.weeks),
                    dispersion=each.dispersion,
                    weekly_rate=each.weekly_rate,
                    yearly_mean=each.yearly_mean,
                    lost_sales_per_week=each.lost_sales_per_week,
                    units_sold=each.units_sold,
                    strategy=each.strategy,
                    coverage80=each.coverage80,
                    usual_stock=usual.get((DEALER, each.segment)),
                )
                for each in forecasts
            ),
            grosses=tuple(_grosses(sold, day)),
        ),
    )


def _histories(known: Iterable[Life], history: History, day: date) -> Mapping[str, Series]:
    # A stay that begins unknown and ends later than the day would tell the day that the car was there.
    stays = [
        Stay(life.segment, life.stocked, life.left, sold=life.retailed)
        for life in known
        if life.stocked is not None or (life.left is not None and life.left <= day)
    ]
    first = min(life.left for life in history.lives if life.left is not None)
    return weekly_history(stays, first, day, _WEEKS)


def _unit(life: Life) -> Unit:
    return Unit(
        dealer_id=DEALER,
        vehicle_key=life.key,
        segment=life.segment,
        label=life.label,
        vin=life.key,
        condition=life.condition,
        model_year=life.model_year,
        make=life.make,
        model=life.model,
        trim=life.trim,
        odometer_km=life.odometer_km,
        cost=life.cost,
        recon_cost=life.recon,
        list_price=life.asked,
        stock_date=life.stocked,
        group_stock_date=life.stocked,
    )


def _markets(history: History, known: Sequence[Life], day: date) -> list[SegmentMarket]:
    """Describe the market of the day: by its adverts, or by the store's own tags where there are none."""
    adverts = [_as_of(each, day) for each in history.listings if each.first_seen <= day]
    own = not adverts
    if own:
        recent = day - timedelta(days=_OWN_MARKET_DAYS)
        adverts = [_tag(life, day) for life in known if life.stocked and (life.left is None or life.left >= recent)]
    if not adverts:
        return []
    seen = survey(Listings.of(adverts), day, Assumptions(window_days=_OWN_MARKET_DAYS) if own else None)
    published = [segment_market(each, DEALER) for each in compare(seen, (), (), day)]
    # Own tags tell prices, but nothing of how many others are offered or sold.
    if own:
        return [replace(each, active_listings=0, sold_per_day=0.0, market_days_supply=None) for each in published]
    return published


def _as_of(advert: Listing, day: date) -> Listing:
    """Forget what an advert did after the day."""
    return advert if advert.last_seen < day else replace(advert, last_seen=day, active=True)


def _tag(life: Life, day: date) -> Listing:
    """Read a car of the store's own as an advert of the market."""
    here = life.left is None or life.left > day
    last = day if here or life.left is None else life.left
    return Listing(
        key=f"{life.key}/{life.stocked}",
        segment=life.segment,
        price=life.asked,
        odometer_km=life.odometer_km,
        model_year=life.model_year,
        first_seen=min(life.stocked or last, last),
        last_seen=last,
        active=here,
        label=life.label,
        trim=life.trim,
    )


def _grosses(sold: Sequence[Life], day: date) -> list[GrossHistory]:
    recent = [life for life in sold if life.left is not None and life.left >= day - timedelta(days=GROSS_DAYS)]
    scopes: dict[str, list[Life]] = {}
    for life in recent:
        if life.known_gross() is not None:
            for scope in (life.segment, life.segment.partition("/")[0]):
                scopes.setdefault(scope, []).append(life)
    return [_gross(scope, lives, day) for scope, lives in sorted(scopes.items())]


def _gross(scope: str, lives: Sequence[Life], day: date) -> GrossHistory:
    stays = [(life.left - life.stocked).days for life in lives if life.left and life.stocked]
    costs = [life.invested for life in lives if life.invested is not None]
    backs = [life.back for life in lives if life.back is not None]
    return GrossHistory(
        dealer_id=DEALER,
        scope=scope,
        n=len(lives),
        as_of=day,
        average_front_gross=fmean((life.known_gross() or 0.0) - (life.back or 0.0) for life in lives),
        average_back_gross=fmean(backs) if backs else None,
        average_cost=fmean(costs) if costs else None,
        median_days_to_sell=float(median(stays)) if stays else None,
        typical=typical_car(_sold(lives)),
    )


def _sold(lives: Sequence[Life]) -> Iterator[tuple[Unit, date, float]]:
    for life in lives:
        gross = life.known_gross()
        if life.left is not None and life.invested is not None and gross is not None:
            yield _unit(life), life.left, life.invested + gross - (life.back or 0.0)
