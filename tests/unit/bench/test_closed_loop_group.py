"""The simulated group's books: money adds up, limits hold, and the engine sees only what a system shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.closed_loop.book import Bookkeeper, unit_of
from bench.closed_loop.conditions import calendar, draw_conditions
from bench.closed_loop.feed import MarketFeed, stays
from bench.closed_loop.group import Car, Group, Ledger, Orders, Wish
from bench.closed_loop.lane import Lane, pick_variant
from bench.closed_loop.physics import Physics
from bench.closed_loop.policies.age_rules import AgeRules, follow_calendar
from bench.closed_loop.policies.days_supply import DaysSupply
from bench.closed_loop.policies.doso import store_parameters
from bench.closed_loop.policies.replace_sold import ReplaceSold
from bench.closed_loop.policies.warm_up import WarmUp, first_stock
from bench.closed_loop.simulation import run
from services.recommend.domain import UnitStatus, review

PHYSICS = Physics(warm_up_weeks=12, weeks=4)


def empty_group(physics: Physics = PHYSICS) -> Group:
    return Group(draw_conditions(3, physics), Ledger.blank(physics.days))


def car_in(group: Group, serial: int = 1, *, rooftop: int = 0, configuration: int = 4, since: int = 0) -> Car:
    car = Car(
        serial=serial,
        rooftop=rooftop,
        configuration=configuration,
        year=2022.0,
        km=40_000.0,
        equipment=0.02,
        quality=-1.5,
        appraisal_error=0.0,
        cost=17_000.0,
        recon=800.0,
        bought_day=since,
        ready_day=since,
        first_day=since,
        price=20_490.0,
        priced_day=since,
    )
    group.cars[serial] = car
    return car


def test_profit_is_what_came_in_less_what_went_out() -> None:
    group = empty_group()
    kept, sold, left = car_in(group), car_in(group, 2), car_in(group, 3)
    group.sell(sold, 5)
    group.wholesale(left, 5)
    group.transfer(kept, 1, 5, 19_990.0)
    group.accrue(5)
    front = 20_490.0 * (1 - PHYSICS.negotiation) - 17_800
    holding = 17_800 * PHYSICS.floorplan_apr / 365 + PHYSICS.overhead_per_day
    expected = front + PHYSICS.back_gross + (left.proceeds - 17_800) - PHYSICS.transport_cost - holding
    assert group.ledger.profit[5] == pytest.approx(expected)
    assert kept.price == 19_990.0
    assert [(visit.rooftop, visit.sold) for visit in group.visits] == [(0, True), (0, False), (0, False)]


def test_a_transfer_takes_days_and_keeps_the_groups_clock() -> None:
    group = empty_group()
    car = car_in(group)
    group.transfer(car, 2, 30, None)
    assert group.on_lot(2, 31) == []
    assert group.on_lot(2, 32) == [car]
    assert unit_of(car, 32).group_stock_date == calendar(0)
    assert unit_of(car, 32).stock_date == calendar(32)


def test_the_engine_is_shown_neither_quality_nor_equipment() -> None:
    group = empty_group()
    fine, poor = car_in(group), car_in(group, 2)
    fine.quality, fine.equipment = 1.0, 0.2
    shown = replace(unit_of(fine, 10), vehicle_key="", stock_number=None)
    assert shown == replace(unit_of(poor, 10), vehicle_key="", stock_number=None)


def test_what_is_on_the_way_is_on_order() -> None:
    group = empty_group()
    car = car_in(group)
    car.ready_day = car.first_day = 9
    assert unit_of(car, 8).status is UnitStatus.ON_ORDER
    assert unit_of(car, 8).list_price is None
    assert unit_of(car, 9).status is UnitStatus.IN_STOCK
    assert stays(group, 0, 8) == []


def test_buying_keeps_to_slots_and_to_the_buyers_day() -> None:
    tight = replace(PHYSICS, lot_slots=2, daily_purchases=1)
    group = empty_group(tight)
    lane = Lane(group, 0, [Wish(0, model, 5, 1.0) for model in range(6)])
    lane.trade(0, 1.0)
    assert len(group.cars) == 1
    for day in range(1, 5):
        lane.trade(day, 1.0)
    assert len(group.cars) == 2


def test_the_floorplan_line_ends_buying() -> None:
    group = empty_group(replace(PHYSICS, floorplan_line=30_000.0))
    lane = Lane(group, 0, [Wish(0, 8, 6, 1.0)])
    for day in range(6):
        lane.trade(day, 1.0)
    invested = sorted(car.invested for car in group.cars.values())
    assert sum(invested[:-1]) < 30_000 <= sum(invested) + 15_000


def test_the_more_of_a_model_is_bought_the_dearer_it_gets() -> None:
    group = empty_group(
        replace(PHYSICS, lane_spread=0.0, equipment_spread=0.0, daily_purchases=50, offers_per_week=99)
    )
    Lane(group, 0, [Wish(0, 4, 30, 1.0, 17)]).trade(0, 1.0)
    cars = list(group.cars.values())
    to_market = np.array([car.cost - PHYSICS.lane_fee for car in cars]) / group.worth(cars, 0)
    assert len(cars) == 30
    assert to_market[-1] == pytest.approx(PHYSICS.lane_price * (1 + 29 * PHYSICS.lane_slope), rel=1e-3)
    assert (np.diff(to_market) > 0).all()


def test_the_buyer_picks_the_variant_that_sells_and_is_short() -> None:
    group = empty_group()
    for serial in (1, 2, 3):
        group.sell(car_in(group, serial, configuration=6), 10)
    assert pick_variant(group, 0, 1, 12) == 6
    for serial in (4, 5, 6, 7):
        car_in(group, serial, configuration=6)
    assert pick_variant(group, 0, 1, 12) != 6


def test_the_calendar_cuts_at_its_ages_and_never_raises() -> None:
    group = empty_group()
    young, old, cheap = (car_in(group, serial, since=since) for serial, since in ((1, 40), (2, 10), (3, 10)))
    worth = float(group.worth([old], 60)[0])
    young.price = old.price = worth * 1.1
    cheap.price = worth * 0.8
    orders = Orders()
    follow_calendar(group, 60, AgeRules(out_at=90), orders)
    assert set(orders.prices) == {2}
    assert orders.prices[2] == pytest.approx(worth * 0.97, abs=60)
    late = Orders()
    follow_calendar(group, 101, AgeRules(out_at=90), late)
    assert late.wholesale == [2, 3]


def test_replace_sold_buys_back_the_configuration_that_went() -> None:
    group = empty_group()
    for serial in (1, 2):
        group.sell(car_in(group, serial, configuration=9), 30)
    assert [(w.configuration, w.quantity) for w in ReplaceSold().review(group, 35).wishes] == [(9, 2)]
    car_in(group, 3, configuration=9, since=34)
    assert [(w.configuration, w.quantity) for w in ReplaceSold().review(group, 35).wishes] == [(9, 1)]
    assert ReplaceSold().review(group, 80).wishes == []


def test_days_supply_sends_old_surplus_to_the_sister_that_is_short() -> None:
    group = empty_group()
    for serial in range(1, 5):
        group.sell(car_in(group, serial, rooftop=1), 40)
    surplus = car_in(group, 9, rooftop=0, since=0)
    orders = DaysSupply(days=45, window_days=90, rules=AgeRules(out_at=120)).review(group, 50)
    assert orders.transfers[surplus.serial][0] == 1
    assert [(wish.rooftop, wish.model, wish.quantity) for wish in orders.wishes] == [(1, 1, 1)]


def test_the_engine_advises_on_the_book_of_a_group() -> None:
    group = empty_group()
    first_stock(group)
    run(group, WarmUp(), 0, PHYSICS.first_scored_day)
    book = Bookkeeper(MarketFeed(group.conditions), store_parameters(PHYSICS)).book(group, PHYSICS.first_scored_day)
    assert len(book.rooftops) == PHYSICS.rooftops
    assert len(book.units) == len(group.cars)
    assert {each.dealer_id for each in book.demands} == {each.dealer_id for each in book.rooftops}
    sold = sum(car.sold for car in group.gone)
    assert sum(each.n for each in book.grosses if each.scope == "used") == sold
    assert review(book, calendar(PHYSICS.first_scored_day)).advice
