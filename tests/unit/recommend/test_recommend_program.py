"""The stocking program against every plan there is, on books small enough to try them all."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, group_book

from services.recommend.domain import Parameters, review
from services.recommend.domain.lookup import look_up
from services.recommend.domain.stocking.flow_values import arrival_values, release_values
from services.recommend.domain.stocking.greedy import fill
from services.recommend.domain.stocking.limits import Limit, LimitKind, limits_of
from services.recommend.domain.stocking.position import stock_positions
from services.recommend.domain.stocking.program import Wish
from services.recommend.domain.stocking.purchases import draft_plan
from services.recommend.domain.stocking.solver import solve

COSTS = {"used/a/a": 17_000.0, "used/b/b": 23_000.0, "new/c/c": 31_000.0}
values = st.lists(st.integers(1, 3_000), max_size=4).map(lambda found: tuple(sorted(map(float, found), reverse=True)))


def line(room: float) -> Limit:
    return Limit(LimitKind.FLOORPLAN, "north", "", COSTS, room, 0.0, room)


def places(room: float) -> Limit:
    return Limit(LimitKind.SLOTS, "north", "", dict.fromkeys(COSTS, 1.0), room, 0.0, room)


@given(st.tuples(values, values, values), st.integers(0, 200_000), st.integers(-2, 9))
@settings(max_examples=60)
def test_no_plan_is_better_and_no_limit_is_passed(
    found: tuple[tuple[float, ...], ...], money: int, slots: int
) -> None:
    wishes = [Wish(("north", segment), each) for segment, each in zip(COSTS, found, strict=True)]
    limits = [line(money), places(slots)]
    best = max(
        sum(sum(each[:count]) for each, count in zip(found, counts, strict=True))
        for counts in itertools.product(*(range(len(each) + 1) for each in found))
        if sum(cost * count for cost, count in zip(COSTS.values(), counts, strict=True)) <= money * (1 - 2e-6)
        and sum(counts) <= max(0, slots)
    )
    for plan in (solve(wishes, {}, limits), fill(wishes, limits)):
        counts = [plan.bought.get(wish.shelf, 0) for wish in wishes]
        worth = sum(sum(each[:count]) for each, count in zip(found, counts, strict=True))
        assert sum(cost * count for cost, count in zip(COSTS.values(), counts, strict=True)) <= money
        assert sum(counts) <= max(0, slots)
        assert worth <= best + 1e-6
    exact = solve(wishes, {}, limits).bought
    worth = sum(sum(each[: exact[wish.shelf]]) for wish, each in zip(wishes, found, strict=True))
    assert worth == pytest.approx(best, rel=2e-4, abs=1e-6)


def test_the_shadow_price_is_what_one_more_place_brings() -> None:
    wishes = [Wish(("north", "used/a/a"), (900.0, 700.0, 400.0)), Wish(("north", "used/b/b"), (800.0, 300.0))]
    plan = solve(wishes, {}, [places(3)])
    assert dict(plan.bought) == {("north", "used/a/a"): 2, ("north", "used/b/b"): 1}
    assert plan.worth[0] == pytest.approx(400.0, abs=301)
    assert 300.0 - 1e-6 <= plan.worth[0] <= 700.0 + 1e-6
    assert solve(wishes, {}, [places(9)]).worth == {}


def test_a_sister_stores_unit_comes_before_one_that_is_bought() -> None:
    wishes = [
        Wish(("north", "used/a/a"), releases=(-280.0, -150.0)),
        Wish(("south", "used/a/a"), purchases=(900.0, 600.0), arrivals=(950.0, 650.0)),
    ]
    way = ("north", "south", "used/a/a")
    cheap = solve(wishes, {way: 250.0}, [])
    assert cheap.moved == {way: 1}
    assert cheap.bought["south", "used/a/a"] == 1
    assert solve(wishes, {way: 900.0}, []).moved == {}


def test_the_least_gives_way_by_as_little_as_can_be() -> None:
    wishes = [
        Wish(("north", "used/a/a"), (-50.0, -60.0, -70.0), least=3),
        Wish(("north", "used/b/b"), (900.0, 800.0), least=1),
    ]
    plan = solve(wishes, {}, [places(3)])
    assert sum(plan.missing.values()) == 1
    assert sum(plan.bought.values()) == 3
    assert sum(fill(wishes, [places(3)]).missing.values()) == 1


def test_one_lot_full_does_not_keep_another_from_buying() -> None:
    wishes = [Wish((dealer, "used/a/a"), (500.0,)) for dealer in ("north", "south")]
    plan = solve(wishes, {}, [places(0)])
    assert dict(plan.bought) == {("north", "used/a/a"): 0, ("south", "used/a/a"): 1}


def test_the_same_book_gives_the_same_plan_and_a_further_unit_is_never_worth_more() -> None:
    lookup = look_up(group_book(), AS_OF)
    positions, _ = stock_positions(lookup)
    assert draft_plan(lookup, positions) == draft_plan(lookup, positions)
    assert review(group_book(), AS_OF) == review(group_book(), AS_OF)
    for position in positions:
        arrivals, releases = arrival_values(position), release_values(position)
        assert list(arrivals) == sorted(arrivals, reverse=True)
        assert list(releases) == sorted(releases)
        assert (len(arrivals), len(releases)) == (position.gap, position.excess)


def test_limits_count_what_is_there_and_on_the_way() -> None:
    book = group_book(60)
    parameters = Parameters(floorplan_line=2_000_000, lot_slots=40)
    stores = tuple(type(each)(dealer_id=each.dealer_id, name=each.name, currency="USD", parameters=parameters)
                   for each in book.rooftops)  # fmt: skip
    lookup = look_up(type(book)(tenant_id="t", rooftops=stores, units=book.units, demands=book.demands,
                                grosses=book.grosses, markets=book.markets), AS_OF)  # fmt: skip
    positions, _ = stock_positions(lookup)
    for limit in limits_of(lookup, positions):
        own = [unit for unit in book.units if unit.dealer_id == limit.dealer_id]
        used = len(own) if limit.kind is LimitKind.SLOTS else sum(unit.total_cost or 0 for unit in own)
        assert limit.used == pytest.approx(used)
        assert limit.room == pytest.approx(limit.allowed - used)
