"""Rules are kept: limits, allocation, presence, age-out, lanes, hold-out; and where they clash it is explained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from recommend_sample_books import AS_OF, CAMRY, aged, book, camry, demand, gross, market, rooftop

from services.recommend.domain import (
    Action,
    Advice,
    AgeOut,
    BrandRule,
    BrandSales,
    Evidence,
    Lane,
    Parameters,
    Rooftop,
    Rules,
    SegmentRule,
    advise,
    review,
    unsupported_numbers,
)
from services.recommend.domain.financed import financed
from services.recommend.translate.rules import TENANT_DEFAULT, overrides_of, rules_for, rules_of

NEW, F150 = "new/toyota/camry", "used/ford/f150"


def ruled(dealer: str = "north", parameters: Parameters | None = None, **rules: Any) -> Rooftop:
    return replace(rooftop(dealer, parameters=parameters), rules=Rules(**rules), rules_version=3)


def bought(found: list[Advice], segment: str = CAMRY) -> int:
    return sum(each.quantity or 0 for each in found if each.segment == segment and each.action is not Action.HOLD)


def lines(advice: Advice) -> dict[str, str]:
    return {line.name: line.value for line in advice.evidence}


GAPS = (
    demand(weekly=1.5),
    gross(scope=CAMRY),
    demand(segment=F150, weekly=1.5, label="used Ford F-150"),
    gross(scope=F150, average_front_gross=2_500.0, average_cost=30_000.0),
)


@pytest.mark.parametrize(
    ("rules", "most"),
    [
        ({"brands": {"toyota": BrandRule(max_units=2)}}, 2),
        ({"segments": {CAMRY: SegmentRule(max_units=1)}}, 1),
        ({"max_days_supply": 14.0}, 3),
        ({"brands": {"toyota": BrandRule(max_units=0)}}, 0),
    ],
)
def test_a_limit_is_never_passed(rules: dict[str, Any], most: int) -> None:
    free = bought(advise(book(rooftop(), *GAPS), AS_OF))
    found = advise(book(ruled(**rules), *GAPS), AS_OF)
    assert free > most
    assert bought(found) == most
    if most:
        advice = next(each for each in found if each.segment == CAMRY)
        assert "would pay, but your rules" in advice.reason
        assert unsupported_numbers(advice.reason, advice.evidence) == ()
        assert float(lines(advice)["Worth of one more unit allowed"].strip("$").replace(",", "")) > 0


def test_a_share_is_of_all_that_is_bought_together() -> None:
    found = advise(book(ruled(brands={"toyota": BrandRule(max_share=0.4)}), *GAPS), AS_OF)
    toyotas, fords = bought(found), bought(found, F150)
    assert fords > 0
    assert 0 < toyotas <= 0.4 * (toyotas + fords)
    assert toyotas + 1 > 0.4 * (toyotas + 1 + fords)


def test_a_share_that_is_broken_already_lets_nothing_more_in() -> None:
    units = [camry(f"CAMRY{number}") for number in range(2)]
    found = advise(book(ruled(brands={"toyota": BrandRule(max_share=0.1)}), market(), *units, *GAPS), AS_OF)
    assert bought(found) == 0
    assert bought(found, F150) > 0


def test_new_units_are_ordered_within_what_is_granted_and_earned() -> None:
    parts = (demand(segment=NEW, weekly=2), gross(scope=NEW, average_cost=24_000.0))
    rule = BrandRule(allocation=1, pool_units=40, pool_sales=400)
    plain = book(ruled(brands={"toyota": rule}), *parts)
    earning = replace(plain, brand_sales=(BrandSales(dealer_id="north", brand="toyota", units=25),))
    free = bought(advise(book(rooftop(), *parts), AS_OF), NEW)
    assert free > 3
    assert bought(advise(plain, AS_OF), NEW) == 1
    (advice,) = advise(earning, AS_OF)
    assert advice.quantity == 3
    shown = lines(advice)
    assert (shown["Allocation of new units"], shown["Units earned by sales"]) == ("3", "2")
    assert shown["Sales needed to earn one more"] == "6"
    assert "Retail six more and you earn another." in advice.reason
    assert unsupported_numbers(advice.reason, advice.evidence) == ()


def test_sales_to_earn_one_more_are_just_enough() -> None:
    for pool, sold, own in ((40, 400, 25), (7, 1_000, 3), (200, 1_900, 40), (5, 5, 5)):
        rule = BrandRule(pool_units=pool, pool_sales=sold)
        more = rule.sales_to_earn_one_more(own)
        if more is None:
            assert rule.earned(own) + 1 >= pool
            continue
        grown = [replace(rule, pool_sales=sold + extra).earned(own + extra) for extra in (more - 1, more)]
        assert grown == [rule.earned(own), rule.earned(own) + 1]


def test_presence_of_a_segment_is_bought_even_at_a_loss() -> None:
    slow = (demand(weekly=0.02), gross(scope=CAMRY))
    kept = advise(book(ruled(segments={CAMRY: SegmentRule(minimum_presence=2)}), *slow), AS_OF)
    assert bought(kept) == 2
    said = next(each for each in kept if each.action is Action.ACQUIRE)
    assert said.value < 0
    assert f"costs you ${-said.value:,.0f} after holding cost: it is your rule that asks for it." in said.reason
    assert "odds" not in said.reason, "no reason to follow is made up for a rule's loss"
    assert unsupported_numbers(said.reason, said.evidence) == ()
    assert bought(advise(book(ruled(min_days_supply=300.0), demand(weekly=0.06), gross(scope=CAMRY)), AS_OF)) == 2


def test_rules_that_clash_are_explained_and_break_nothing() -> None:
    parameters = Parameters(lot_slots=3, floorplan_line=40_000)
    store = ruled(parameters=parameters, segments={CAMRY: SegmentRule(minimum_presence=5)})
    found = advise(book(store, *GAPS), AS_OF)
    clash = next(each for each in found if each.clash)
    assert (clash.action, clash.segment, clash.vehicle_key) == (Action.HOLD, CAMRY, None)
    assert bought(found) == 2
    assert lines(clash)["Units short of the rule"] == "3"
    assert "minimum presence of 5" in clash.reason
    assert "floorplan line of $40,000" in clash.reason
    assert unsupported_numbers(clash.reason, clash.evidence) == ()
    assert any("minimum presence of 5 against the floorplan line" in each for each in clash.degraded)
    assert review(book(store, *GAPS), AS_OF) == review(book(store, *GAPS), AS_OF)


def test_a_lot_that_is_over_full_already_is_no_crash() -> None:
    units = [camry(f"CAMRY{number}") for number in range(6)]
    store = ruled(parameters=Parameters(lot_slots=4), segments={F150: SegmentRule(minimum_presence=1)})
    found = advise(book(store, market(), *units, *GAPS), AS_OF)
    (clash,) = [each for each in found if each.clash]
    assert clash.segment == F150
    room = next(line for line in clash.evidence if line.name == "Room needed to keep the rule")
    assert int(room.value) >= 1


@pytest.mark.parametrize("way", [AgeOut.WHOLESALE, AgeOut.REPRICE, None])
def test_a_unit_past_the_age_the_rules_allow_is_dealt_with(way: AgeOut | None) -> None:
    def said(days: int) -> Advice | None:
        unit = camry(cost=None, recon_cost=None, **aged(days))
        store = ruled(max_age_days=75, age_out=way)
        found = advise(book(store, unit, market(), demand(weekly=1.5), gross()), AS_OF)
        return next((each for each in found if each.vehicle_key == "CAMRY1"), None)

    old, young = said(76), said(75)
    wanted = Action.REPRICE if way is AgeOut.REPRICE else Action.WHOLESALE
    assert old is not None
    assert old.action is wanted
    assert lines(old)["Age-out rule"] == "nothing used stays past 75 days"
    assert "nothing used stays past 75 days" in old.reason
    assert unsupported_numbers(old.reason, old.evidence) == ()
    assert young is None or "Age-out rule" not in lines(young)


def test_a_rule_that_sends_away_what_would_earn_is_told_its_price() -> None:
    unit, store = camry(**aged(76)), ruled(max_age_days=75, age_out=AgeOut.WHOLESALE)
    found = advise(book(store, unit, market(), demand(weekly=3.0), gross()), AS_OF)
    said = next(each for each in found if each.vehicle_key == "CAMRY1")
    assert (said.action, said.value < 0) == (Action.WHOLESALE, True)
    assert f"Keeping it would bring ${-said.value:,.0f} more: that is what your rule costs you here." in said.reason
    assert "saves" not in said.reason
    assert "odds" not in said.reason
    assert unsupported_numbers(said.reason, said.evidence) == ()


def moved(*stores: Rooftop) -> list[Advice]:
    units = [camry(f"CAMRY{number}") for number in range(8)]
    parts = (market("north"), market("south"), demand("north", weekly=0.2), demand("south", weekly=1.2))
    found = advise(book(*stores, *units, *parts, gross("south", CAMRY)), AS_OF)
    return [each for each in found if each.action is Action.TRANSFER]


def test_lanes_are_priced_and_closed_by_rule() -> None:
    usual = moved(rooftop("north"), rooftop("south"))
    assert usual
    assert not moved(ruled("north", transfers=False), rooftop("south"))
    assert not moved(rooftop("north"), ruled("south", transfers=False))
    assert not moved(ruled("north", lanes={"south": Lane(is_open=False)}), rooftop("south"))
    dear = moved(ruled("north", lanes={"south": Lane(cost=900.0, days=5)}), rooftop("south"))
    assert dear
    assert {lines(each)["Transport"] for each in dear} == {"$900"}
    assert {lines(each)["Days on the road"] for each in dear} == {"5"}
    assert max(each.value for each in dear) < max(each.value for each in usual)


def test_a_transfer_takes_off_the_purchase_it_replaces() -> None:
    for each in moved(rooftop("north"), rooftop("south")):
        shown = {line.name: line for line in each.evidence}
        lines_off = ("Value of the purchase it replaces there", "Cost to those it joins there")
        assert any(name in shown for name in lines_off)
        own = dollars(shown["Net if followed"]) - dollars(shown["Net if nothing is done"])
        staying = dollars(shown.get("Gain of those it leaves behind"))
        assert each.value < own + staying
        assert unsupported_numbers(each.reason, each.evidence) == ()


def dollars(line: Evidence | None) -> float:
    return float(line.value.replace("$", "").replace(",", "")) if line else 0.0


def test_a_full_destination_receives_nothing() -> None:
    assert not moved(rooftop("north"), rooftop("south", parameters=Parameters(lot_slots=0)))
    assert len(moved(rooftop("north"), rooftop("south", parameters=Parameters(lot_slots=1)))) == 1


def test_a_line_is_used_by_units_of_unknown_cost_too() -> None:
    unpriced = camry("A", cost=None, recon_cost=None, list_price=None)
    listed = camry("B", cost=None, recon_cost=None, list_price=20_000.0)
    known = camry("C", cost=15_000.0, recon_cost=0.0)
    assert financed([listed], Parameters(default_margin=0.1)) == pytest.approx(18_000.0)
    assert financed([known, unpriced], Parameters()) == pytest.approx(30_000.0)
    assert financed([unpriced], Parameters()) == 0.0


def test_a_rule_wins_over_what_was_learned_and_over_the_defaults() -> None:
    fixed, clashes = overrides_of({"floorplan_apr": 0.11, "floor_to_market": 1.0}, {"floorplan_apr": 0.07})
    assert (fixed, clashes) == ({"floorplan_apr": 0.11, "floor_to_market": 1.0}, ())
    low, _ = overrides_of({"ceiling_to_market": 0.75}, {})
    assert low == {"ceiling_to_market": 0.75, "floor_to_market": 0.75}
    high, _ = overrides_of({"floor_to_market": 1.2}, {})
    assert high["ceiling_to_market"] == 1.2
    both, said = overrides_of({"floor_to_market": 1.2, "ceiling_to_market": 1.0}, {})
    assert both["ceiling_to_market"] == 1.2
    assert "rules clash" in said[0]
    Parameters(**both)


def test_a_rooftops_rules_are_read_over_its_tenants() -> None:
    north, south = uuid4(), uuid4()
    lane = {"from_dealer_id": str(north), "to_dealer_id": str(south), "cost": "99.50", "open": True}
    documents: dict[UUID, tuple[int, dict[str, Any]]] = {
        TENANT_DEFAULT: (4, {"lot_slots": 90, "lanes": [lane], "brands": [{"brand": "ford", "max_units": 3}]}),
        north: (2, {"lot_slots": 50, "age_out": "reprice", "max_age_days": 80}),
    }
    version, merged = rules_for(documents, north)
    rules = rules_of(merged, str(north))
    assert (version, merged["lot_slots"]) == (2, 50)
    assert (rules.age_out, rules.max_age_days) == (AgeOut.REPRICE, 80)
    assert rules.lanes == {str(south): Lane(cost=99.5)}
    assert rules.brands == {"ford": BrandRule(max_units=3)}
    other_version, other = rules_for(documents, south)
    assert (other_version, other["lot_slots"], rules_of(other, str(south)).lanes) == (4, 90, {})
