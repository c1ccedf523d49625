"""What to do with a unit: hold, reprice, transfer or wholesale."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from datetime import timedelta

import pytest
from recommend_sample_books import AS_OF, CAMRY, aged, book, camry, demand, gross, group_book, market, rooftop

from services.recommend.domain import Action, Advice, Parameters, UnitStatus, advise, review
from services.recommend.domain.lookup import UnknownRooftopError
from services.recommend.domain.telling.evidence import Fact
from services.recommend.domain.telling.wording import numbers_in


def about(key: str, found: list[Advice]) -> Advice | None:
    return next((advice for advice in found if advice.vehicle_key == key), None)


def test_an_overpriced_unit_is_cut_to_about_the_market() -> None:
    found = about("CAMRY1", advise(book(camry(list_price=22_000.0, **aged(40)), market(), demand(), gross()), AS_OF))
    assert found is not None
    assert found.action is Action.REPRICE
    assert found.price is not None
    assert 18_500 <= found.price <= 20_800
    assert found.value > 150
    assert found.expected_daily_hazard is not None
    assert found.baseline_daily_hazard is not None
    assert found.expected_daily_hazard > found.baseline_daily_hazard
    assert found.expected_gross == pytest.approx(found.price * 0.985 - 17_800, abs=0.01)


def test_a_cheap_fresh_unit_in_demand_is_raised_by_no_more_than_a_step() -> None:
    found = about(
        "CAMRY1",
        advise(book(camry(list_price=18_990.0, **aged(10)), market(), demand(weekly=2), gross()), AS_OF),
    )
    assert found is not None
    assert found.action is Action.REPRICE
    assert found.price is not None
    assert 18_990 < found.price <= 18_990 * 1.03


def test_an_old_unit_is_never_raised() -> None:
    found = about("CAMRY1", advise(book(camry(list_price=18_990.0, **aged(31)), market(), demand(weekly=2)), AS_OF))
    assert found is None or found.action is not Action.REPRICE or (found.price or 0) < 18_990


def test_a_price_is_not_moved_twice_in_a_cooling_period() -> None:
    def priced(days_ago: int) -> Advice | None:
        unit = camry(list_price=22_000.0, **(aged(40) | {"priced_on": AS_OF - timedelta(days=days_ago)}))
        return about("CAMRY1", advise(book(unit, market(), demand(), gross()), AS_OF))

    waiting, free = priced(6), priced(7)
    assert waiting is not None
    assert waiting.action is Action.HOLD
    assert "its price moved 6 days ago and has to have 7 days" in waiting.reason
    assert free is not None
    assert free.action is Action.REPRICE


def test_an_aged_unit_nobody_wants_goes_to_the_lane() -> None:
    unit = camry(cost=18_500.0, **aged(130))
    found = about("CAMRY1", advise(book(unit, market(), demand(weekly=0.05)), AS_OF))
    assert found is not None
    assert found.action is Action.WHOLESALE
    keep = next(each for each in found.alternatives if each.action is Action.HOLD)
    assert keep.value == 0
    assert found.value > 150
    assert "books a loss" in found.reason
    dearer = rooftop(parameters=Parameters(wholesale_fee=400.0))
    again = about("CAMRY1", advise(book(dearer, unit, market(), demand(weekly=0.05)), AS_OF))
    assert again is not None
    assert again.value < found.value
    assert again.expected_gross == found.expected_gross, "as it will be reported: before the lane's fee"
    young = about("CAMRY1", advise(book(camry(cost=18_500.0, **aged(20)), market(), demand(weekly=0.05)), AS_OF))
    assert young is None or young.action is not Action.WHOLESALE


def test_an_unknown_cost_makes_no_claim_of_loss_or_profit() -> None:
    unit = camry(cost=None, recon_cost=None, **aged(130))
    found = about("CAMRY1", advise(book(unit, market(), demand(weekly=0.05)), AS_OF))
    assert found is not None
    assert found.action is not Action.WHOLESALE
    assert found.expected_gross is None
    assert "loss" not in found.reason
    assert any("cost missing" in line for line in found.degraded)


def test_ten_slow_sisters_are_not_all_sent_to_the_lane() -> None:
    units = [camry(f"CAMRY{number}", cost=18_500.0, **aged(90)) for number in range(10)]
    found = advise(book(*units, market(), demand(weekly=0.4)), AS_OF)
    leaving = [advice for advice in found if advice.action is Action.WHOLESALE]
    assert 0 < len(leaving) < 10
    staying = [advice for advice in found if advice.action is not Action.WHOLESALE]
    assert all("after today's moves" in advice.reason for advice in staying)


def test_a_hold_is_only_said_where_the_calendar_would_act() -> None:
    sisters = [camry(f"SISTER{number}", **aged(5)) for number in range(3)]
    parts = (market(), demand(weekly=1.3), gross(), *sisters)
    assert about("CAMRY1", advise(book(camry(**aged(20)), *parts), AS_OF)) is None
    found = about("CAMRY1", advise(book(camry(**aged(62)), *parts), AS_OF))
    assert found is not None
    assert found.action is Action.HOLD
    assert found.value == 0
    assert "60-day rule says wholesale" in found.reason
    assert found.price is None


def two_stores(*more: object, giving: str = "USD", receiving: str = "USD") -> list[Advice]:
    units = [camry(f"CAMRY{number}") for number in range(8)]
    return advise(
        book(
            rooftop("north", giving),
            rooftop("south", receiving),
            *units,
            market("north"),
            market("south"),
            demand("north", weekly=0.2),
            demand("south", weekly=1.2),
            gross("south", CAMRY),
            *more,
        ),
        AS_OF,
    )


def test_a_sister_stores_excess_comes_before_buying() -> None:
    found = two_stores()
    moved = [advice for advice in found if advice.action is Action.TRANSFER]
    bought = sum(advice.quantity or 0 for advice in found if advice.action is Action.ACQUIRE)
    alone = advise(book(demand("south", weekly=1.2), gross("south", CAMRY)), AS_OF)
    assert moved
    assert all((each.dealer_id, each.destination_dealer_id) == ("north", "south") for each in moved)
    assert bought < (alone[0].quantity or 0)
    assert len({each.vehicle_key for each in moved}) == len(moved)


def test_no_more_is_sent_than_is_missing_there_and_spare_here() -> None:
    found = review(
        book(
            *(camry(f"CAMRY{number}") for number in range(30)),
            market("north"),
            market("south"),
            demand("north", weekly=1),
            demand("south", weekly=0.6),
            gross("north", CAMRY),
            gross("south", CAMRY),
        ),
        AS_OF,
    )
    moved = [advice for advice in found.advice if advice.action is Action.TRANSFER]
    north, south = found.positions
    assert 0 < len(moved) <= min(north.excess, south.gap)
    assert not any(advice.action is Action.ACQUIRE for advice in found.advice)


def test_nothing_moves_between_currencies() -> None:
    assert not [each for each in two_stores(receiving="CAD") if each.action is Action.TRANSFER]


def test_a_distant_store_is_not_worth_the_transport() -> None:
    far = rooftop("south", parameters=Parameters(transport_cost=9_000, transport_days=20))
    assert not [each for each in two_stores(far) if each.action is Action.TRANSFER]


def test_without_a_market_the_advice_is_less_sure_and_says_why() -> None:
    unit = camry(list_price=21_000.0, first_price=21_000.0, **aged(50))
    known = about("CAMRY1", advise(book(unit, market(price=21_000), demand(weekly=0.1)), AS_OF))
    blind = about("CAMRY1", advise(book(unit, demand(weekly=0.1)), AS_OF))
    assert known is not None
    assert blind is not None
    assert known.action is blind.action is Action.REPRICE
    assert blind.confidence <= known.confidence
    assert any("no market price" in line for line in blind.degraded)
    assert not any(line.name == "Price to market" for line in blind.evidence)


def test_without_demand_the_usual_days_are_assumed_and_said() -> None:
    found = about("CAMRY1", advise(book(camry(list_price=22_500.0, **aged(40)), market()), AS_OF))
    assert found is not None
    assert any("no demand forecast" in line for line in found.degraded)


def test_with_neither_market_nor_demand_nothing_is_advised() -> None:
    found = review(book(camry(**aged(100))), AS_OF)
    assert found.advice == ()
    assert any(each.subject == "CAMRY1" for each in found.skipped)


def test_old_inputs_are_called_old() -> None:
    old = AS_OF - timedelta(days=40)
    found = about("CAMRY1", advise(book(camry(list_price=22_500.0), market(as_of=old), demand(as_of=old)), AS_OF))
    assert found is not None
    assert "the forecast is 40 days old" in found.degraded
    assert "the market price is 40 days old" in found.degraded


def test_units_on_order_get_no_unit_advice() -> None:
    unit = camry(status=UnitStatus.ON_ORDER, list_price=24_000.0)
    assert about("CAMRY1", advise(book(unit, market(), demand(), gross()), AS_OF)) is None


def test_a_stranger_in_the_book_is_named() -> None:
    stray = replace(book(camry()), rooftops=())
    with pytest.raises(UnknownRooftopError, match="no rooftop north"):
        advise(stray, AS_OF)


def test_a_book_and_its_advice_travel_between_processes_and_repeat() -> None:
    whole = group_book(120)
    first = advise(whole, AS_OF)
    assert pickle.loads(pickle.dumps(advise))(pickle.loads(pickle.dumps(whole)), AS_OF) == first
    assert pickle.loads(pickle.dumps(first)) == first


def test_every_figure_of_a_groups_advice_is_finite_and_in_its_bounds() -> None:
    for advice in advise(group_book(), AS_OF):
        assert math.isfinite(advice.value)
        assert 0 <= advice.confidence <= 1
        assert advice.evidence
        for hazard in (advice.expected_daily_hazard, advice.baseline_daily_hazard):
            assert hazard is None or 0 < hazard < 1
        for amount in (advice.value, advice.value_per_day):
            assert amount == round(amount, 2)


def test_what_doing_nothing_nets_is_told_with_the_cost_taken_off() -> None:
    units = {unit.vehicle_key: unit for unit in group_book().units}
    told = 0
    for each in advise(group_book(), AS_OF):
        if each.vehicle_key is None or each.action is Action.TRANSFER:
            continue
        cost = units[each.vehicle_key].total_cost
        kept = next(line.value for line in each.evidence if line.name == Fact.KEEP_NET)
        assert (each.baseline_net is None) == (cost is None)
        if cost is not None and each.baseline_net is not None:
            assert each.baseline_net + cost == pytest.approx(float(max(numbers_in(kept))), abs=1)
            told += 1
    assert told
