"""From the group's records to the engine's book, through the product's own market and forecast code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from bench.closed_loop.catalogue import MODELS, SEGMENTS, trim_of
from bench.closed_loop.conditions import calendar
from bench.closed_loop.feed import MarketFeed, sales, stays
from doso.backtest.segment_market import segment_market
from services.forecast.domain.forecast import forecast_dealer
from services.forecast.domain.history import weekly_history
from services.forecast.domain.prior import market_rate
from services.forecast.domain.series import no_history
from services.forecast.strategies import light_strategies
from services.market.domain import compare, survey
from services.recommend.domain import (
    LIVES_DAYS,
    GrossHistory,
    Parameters,
    Rooftop,
    SegmentDemand,
    SegmentMarket,
    TenantBook,
    Unit,
    UnitLife,
    UnitStatus,
    fit_attraction,
    typical_car,
    usual_stock,
)
from services.recommend.domain.time_to_sale import NotConverged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.closed_loop.group import Car, Group
    from services.market.domain import MarketSurvey

GROSS_DAYS = 180
SHARE_DAYS = 45
LABELS = {model.segment: f"used {model.make} {model.name}" for model in MODELS}


@dataclass(frozen=True, slots=True)
class Bookkeeper:
    """Builds the book of a day; ``parameters`` are those of every rooftop."""

    feed: MarketFeed
    parameters: Parameters

    def book(self, group: Group, day: int) -> TenantBook:
        """Put together what the services would have put together by the morning of a day."""
        seen = survey(self.feed.listings(day), calendar(day))
        units: list[Unit] = []
        markets: list[SegmentMarket] = []
        demands: list[SegmentDemand] = []
        grosses: list[GrossHistory] = []
        rooftops = range(group.conditions.physics.rooftops)
        for rooftop in rooftops:
            units += [unit_of(car, day) for car in group.owned(rooftop)]
            markets += _markets(seen, rooftop, day)
            demands += _demands(group, seen, rooftop, day)
            grosses += _grosses(group, rooftop, day)
        book = TenantBook(
            tenant_id="closed-loop",
            rooftops=tuple(
                Rooftop(dealer_id=dealer(each), name=f"Store {each + 1}", currency="USD", parameters=self.parameters)
                for each in rooftops
            ),
            units=tuple(units),
            markets=tuple(markets),
            demands=tuple(demands),
            grosses=tuple(grosses),
        )
        try:
            return replace(book, attraction=fit_attraction(book, lives(group, day), calendar(day)))
        except NotConverged:  # as the service does: advice goes by the forecast
            return book


def dealer(rooftop: int) -> str:
    """Give the id of a rooftop."""
    return f"store-{rooftop}"


def unit_of(car: Car, day: int) -> Unit:
    """Show a car as its dealer management system does: no quality, no equipment, the price on its tag."""
    model, here = MODELS[car.model], car.ready_day <= day
    return Unit(
        dealer_id=dealer(car.rooftop),
        vehicle_key=str(car.serial),
        segment=car.segment,
        label=LABELS[car.segment],
        status=UnitStatus.IN_STOCK if here else UnitStatus.ON_ORDER,
        condition="used",
        model_year=int(car.year),
        make=model.make,
        model=model.name,
        trim=trim_of(car.configuration),
        odometer_km=round(car.km),
        cost=car.cost,
        recon_cost=car.recon,
        list_price=car.price if here else None,
        first_price=car.first_price if here else None,
        priced_on=calendar(car.priced_day) if here else None,
        stock_date=calendar(car.ready_day) if here else None,
        group_stock_date=calendar(car.first_day) if here else None,
        expected_date=None if here else calendar(car.ready_day),
    )


def lives(group: Group, day: int) -> list[UnitLife]:
    """Give the lives of a year's cars with their prices, as the recommend service keeps them."""
    gone = [car for car in group.gone if (car.left_day or 0) >= day - LIVES_DAYS]
    return [_life(car, day) for car in (*gone, *group.cars.values()) if car.ready_day <= day]


def _life(car: Car, day: int) -> UnitLife:
    return UnitLife(
        unit_of(car, day),
        left=None if car.left_day is None else calendar(car.left_day),
        sold=car.sold,
        prices=tuple((calendar(on), price) for on, price in car.prices),
    )


def _markets(seen: MarketSurvey, rooftop: int, day: int) -> list[SegmentMarket]:
    """Take over what the market service would publish of each segment."""
    return [segment_market(each, dealer(rooftop)) for each in compare(seen, (), (), calendar(day))]


def _demands(group: Group, seen: MarketSurvey, rooftop: int, day: int) -> list[SegmentDemand]:
    """Forecast every segment of a rooftop with the light strategies, as the service would."""
    today = calendar(day)
    histories = weekly_history(stays(group, rooftop, day), calendar(0), today)
    for segment in SEGMENTS:
        histories.setdefault(segment, no_history(segment, today))
    own = len(sales(group, rooftop, day, SHARE_DAYS)) / SHARE_DAYS
    region = sum(each.sold_per_day for each in seen.statistics)
    share = min(1.0, own / region) if region > 0 else 0.0
    rates = {each.segment: market_rate(each.sold_per_day, share) for each in seen.statistics}
    made = forecast_dealer(histories, rates, light_strategies(), today)
    usual = usual_stock(
        (
            ((dealer(rooftop), each.segment), each.stocked, each.left)
            for each in stays(group, rooftop, day)
            if each.stocked is not None
        ),
        today,
    )
    return [
        SegmentDemand(
            dealer_id=dealer(rooftop),
            segment=each.segment,
            label=LABELS[each.segment],
            as_of=each.as_of,
            weekly_means=tuple(week.mean for week in each.weeks),
            dispersion=each.dispersion,
            weekly_rate=each.weekly_rate,
            yearly_mean=each.yearly_mean,
            lost_sales_per_week=each.lost_sales_per_week,
            units_sold=each.units_sold,
            strategy=each.strategy,
            usual_stock=usual.get((dealer(rooftop), each.segment)),
        )
        for each in made
    ]


def _grosses(group: Group, rooftop: int, day: int) -> list[GrossHistory]:
    """Average a rooftop's retail sales of half a year, by segment and all together."""
    sold = sales(group, rooftop, day, GROSS_DAYS)
    scopes: dict[str, list[Car]] = {"used": sold} if sold else {}
    for car in sold:
        scopes.setdefault(car.segment, []).append(car)
    return [_gross(group, rooftop, day, scope, cars) for scope, cars in scopes.items()]


def _gross(group: Group, rooftop: int, day: int, scope: str, cars: Sequence[Car]) -> GrossHistory:
    return GrossHistory(
        dealer_id=dealer(rooftop),
        scope=scope,
        n=len(cars),
        as_of=calendar(day),
        average_front_gross=fmean(car.proceeds - car.invested for car in cars),
        average_back_gross=group.conditions.physics.back_gross,
        average_cost=fmean(car.invested for car in cars),
        median_days_to_sell=float(median((car.left_day or day) - car.ready_day for car in cars)),
        typical=typical_car((unit_of(car, day), calendar(car.left_day or day), car.proceeds) for car in cars),
    )
