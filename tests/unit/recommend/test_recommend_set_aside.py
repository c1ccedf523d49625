"""Vehicles in stock that are not for sale: promised to a customer, or held."""

from __future__ import annotations

from dataclasses import replace

import pytest
from recommend_sample_books import AS_OF, CAMRY, aged, book, camry, demand, gross, market, rooftop

from services.recommend.domain import Action, Parameters, Rules, SegmentRule, Unit, UnitStatus, advise, review
from services.recommend.domain.lookup import look_up

STALE = {**aged(110), "list_price": 25_000.0, "first_price": 25_000.0}


def around(*units: Unit) -> list[object]:
    return [*units, market(), demand(weekly=1), gross(scope=CAMRY), gross()]


@pytest.mark.parametrize(
    ("availability", "told"), [("pending", "promised to a customer"), ("held", "held from sale")]
)
def test_nothing_is_advised_on_what_is_not_for_sale(availability: str, told: str) -> None:
    aging = book(*around(camry(**STALE)))
    assert any(advice.vehicle_key == "CAMRY1" for advice in advise(aging, AS_OF))
    found = review(book(*around(camry(**STALE, availability=availability))), AS_OF)
    assert [advice for advice in found.advice if advice.vehicle_key] == []
    assert [(each.subject, each.reason) for each in found.skipped] == [
        ("CAMRY1", f"{told}: nothing is advised on it")
    ]


def test_available_is_as_never_told() -> None:
    told = advise(book(*around(camry(**STALE, availability="available"))), AS_OF)
    assert told == advise(book(*around(camry(**STALE))), AS_OF)


def test_what_is_promised_leaves_a_gap_and_what_is_held_fills_it() -> None:
    def bought(*units: Unit) -> int:
        return sum(
            each.quantity or 0 for each in advise(book(*around(*units)), AS_OF) if each.action is Action.ACQUIRE
        )

    def three(**changes: object) -> list[Unit]:
        return [camry(f"CAMRY{n}", **aged(10), **changes) for n in range(3)]

    assert bought(*three()) < bought() == bought(*three(availability="pending"))
    assert bought(*three(availability="held")) == bought(*three())


def test_no_sister_is_sent_what_is_promised() -> None:
    def moved(**changes: object) -> list[str | None]:
        spare = [camry(f"SPARE{n}", **aged(30), **changes) for n in range(6)]
        slow = (demand(weekly=0.1), market(), gross(scope=CAMRY), gross())
        needy = (demand("south", weekly=3), market("south"), gross("south", CAMRY), gross("south"))
        return [e.vehicle_key for e in advise(book(*spare, *slow, *needy), AS_OF) if e.action is Action.TRANSFER]

    assert moved()
    assert moved(availability="pending") == moved(availability="held") == []


def test_the_money_in_it_stays_on_the_line() -> None:
    line = Parameters(floorplan_line=30_000.0)
    promised = camry(**aged(10), availability="pending")
    tight = review(book(rooftop(parameters=line), *around(promised)), AS_OF)
    assert sum(each.quantity or 0 for each in tight.advice if each.action is Action.ACQUIRE) <= 1
    assert look_up(book(*around(promised)), AS_OF).units_by_shelf["north", CAMRY] == (promised,)


def test_what_is_promised_still_takes_its_place_and_counts_in_the_rules() -> None:
    def bought(parameters: Parameters, rules: Rules, **changes: object) -> int:
        store = replace(rooftop(parameters=parameters), rules=rules)
        own = [camry(f"CAMRY{n}", **aged(10), **changes) for n in range(5)]
        parts = [store, *own, market(), demand(weekly=5), gross(scope=CAMRY), gross()]
        return sum(each.quantity or 0 for each in advise(book(*parts), AS_OF) if each.action is Action.ACQUIRE)

    lot = Parameters(lot_slots=6)
    assert bought(lot, Rules()) == bought(lot, Rules(), availability="pending") == 1
    most = Rules(segments={CAMRY: SegmentRule(max_units=5)})
    assert bought(Parameters(), most) == bought(Parameters(), most, availability="pending") == 0


def test_the_only_car_for_sale_is_not_sent_away_beside_held_ones() -> None:
    held = [camry(f"HELD{n}", **aged(30), availability="held") for n in range(3)]
    slow = (demand(weekly=0.3), market(), gross(scope=CAMRY), gross())
    needy = (demand("south", weekly=3), market("south"), gross("south", CAMRY), gross("south"))

    def moved(*units: Unit) -> list[str | None]:
        return [e.vehicle_key for e in advise(book(*units, *slow, *needy), AS_OF) if e.action is Action.TRANSFER]

    free = camry("FREE", **aged(30))
    assert moved(free, *(replace(each, availability=None) for each in held))
    assert moved(free, *held) == []


def test_an_order_that_is_promised_fills_no_shelf() -> None:
    def bought(**changes: object) -> int:
        order = camry("ORDER", status=UnitStatus.ON_ORDER, quantity=3, stock_date=None, **changes)
        return sum(
            each.quantity or 0 for each in advise(book(*around(order)), AS_OF) if each.action is Action.ACQUIRE
        )

    none = sum(each.quantity or 0 for each in advise(book(*around()), AS_OF) if each.action is Action.ACQUIRE)
    assert bought() < none == bought(availability="pending")
