"""Reasons are written from evidence, and nothing else passes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, aged, book, camry, demand, gross, group_book, market, rooftop

from services.recommend.domain import Action, Advice, Evidence, TenantBook, Variant, advise, unsupported_numbers
from services.recommend.domain.telling.evidence import Fact
from services.recommend.domain.telling.wording import money, numbers_in, pace, roughly

LINES = (
    Evidence("List price", "$18,990", "inventory", AS_OF),
    Evidence("Vehicle", "2021 Ford F-150 XLT", "inventory", AS_OF),
    Evidence("Others", "6", "inventory", AS_OF, "7 - 1"),
)


@pytest.fixture(scope="module")
def advice() -> list[Advice]:
    return advise(group_book(), AS_OF)


def test_every_reason_of_a_whole_group_is_supported_by_its_evidence(advice: list[Advice]) -> None:
    assert {each.action for each in advice} == set(Action)
    for each in advice:
        assert unsupported_numbers(each.reason, each.evidence) == (), each.reason


def test_long_odds_are_owned_up_to_and_even_ones_are_not_dwelt_on(advice: list[Advice]) -> None:
    acting = [each for each in advice if each.action is not Action.HOLD]
    told = {each.identity: next(line.value for line in each.evidence if line.name == Fact.ODDS) for each in acting}
    assert {each.identity: f"{each.confidence:.0%}" for each in acting} == told
    owned_up = [each for each in acting if "the odds are" in each.reason]
    assert {each.identity for each in owned_up} == {each.identity for each in acting if each.confidence < 0.495}
    assert all(f"the odds are {told[each.identity]}" in each.reason for each in owned_up)
    cuts = [
        each for each in owned_up if each.action is Action.REPRICE and (each.price or 0) < (each.current_price or 0)
    ]
    assert cuts
    assert all("would have sold soon enough at the old tag" in each.reason for each in cuts)


@given(st.integers(2, 10**7))
def test_an_invented_figure_is_caught(figure: int) -> None:
    known = {18_990, 2_021, 150, 6, 7}
    caught = unsupported_numbers(f"Cut it to ${figure:,} today.", LINES)
    assert caught == (() if figure in known else (str(figure),))


def test_figures_are_read_however_they_are_written() -> None:
    text = "Six others; $18.5k, 1,250 and 24.50, twenty-five days, a dozen, two hundred, 3 million, one only"
    expected = {"6", "18500", "1250", "24.5", "25", "12", "200", "3000000"}
    assert numbers_in(text) == {Decimal(number).normalize() for number in expected}


def test_a_rewording_may_spell_and_shorten_but_not_invent() -> None:
    assert unsupported_numbers("That F-150 at $18.99k has six others beside it.", LINES) == ()
    assert unsupported_numbers("That F-150 has eight others and saves $500.", LINES) == ("8", "500")


def test_a_reason_reads_like_a_managers() -> None:
    units = [camry(f"CAMRY{number}", **aged(20)) for number in range(6)]
    dear = camry("DEAR", list_price=21_600.0, stock_number="U77", **aged(52))
    found = advise(book(dear, *units, market(), demand(weekly=1.5), gross()), AS_OF)
    reason = next(each.reason for each in found if each.vehicle_key == "DEAR")
    assert "You've had this 2022 Toyota Camry for 52 days at 108% of market." in reason
    assert "There are six more like it here" in reason
    assert "Cut it from $21,600 to $" in reason


def test_a_new_price_is_told_with_both_sides_of_its_sum(advice: list[Advice]) -> None:
    repriced = [each for each in advice if each.action is Action.REPRICE]
    raised = [each for each in repriced if (each.price or 0) > (each.current_price or 0)]
    assert raised
    assert len(raised) < len(repriced)
    for each in repriced:
        lines = {line.name: line.value for line in each.evidence}
        assert f"Held at its tag it should net {lines[Fact.KEEP_NET]}: " in each.reason
        changed = "Raised" if each in raised else "Cut"
        assert f"{changed}, it should net {lines[Fact.NEW_NET]}" in each.reason
        assert lines[Fact.GAIN] in each.reason
        assert lines.get(Fact.BESIDE, "").removeprefix("-") in each.reason


def test_the_arithmetic_of_the_gain_adds_up(advice: list[Advice]) -> None:
    for each in advice:
        lines = {line.name: line.value for line in each.evidence}
        if each.action in (Action.REPRICE, Action.TRANSFER):
            gain = dollars(lines["Net if followed"]) - dollars(lines["Net if nothing is done"])
            gain += dollars(lines.get("Change for those beside it", "0"))
            gain += dollars(lines.get("Gain of those it leaves behind", "0"))
            gain -= dollars(lines.get("Value of the purchase it replaces there", "0"))
            gain += dollars(lines.get("Cost to those it joins there", "0"))
            assert dollars(lines["Gain over doing nothing"]) == pytest.approx(gain, abs=3)
            over = lines[
                "Gain over the best it could do here" if each.action is Action.TRANSFER else "Gain over doing nothing"
            ]
            assert each.value == pytest.approx(dollars(over), abs=1)
            if each.action is Action.TRANSFER:
                here = dollars(lines["Best it could net here"]) - dollars(lines["Net if nothing is done"])
                assert each.value == pytest.approx(gain - here, abs=3)


def dollars(text: str) -> float:
    return float(text.replace("$", "").replace(",", ""))


def test_money_is_written_in_its_currency() -> None:
    assert [money(18_490.4, "USD"), money(-92, "GBP"), money(184_900, "NOK"), money(-0.2, "EUR")] == [
        "$18,490", "-£92", "NOK 184,900", "€0",
    ]  # fmt: skip
    unit = camry("DEAR", list_price=215_990.0, cost=180_000.0, recon_cost=0.0, **aged(52))
    found = advise(book(rooftop(currency="NOK"), unit, market(price=200_000), demand()), AS_OF)
    about = next(each for each in found if each.vehicle_key == "DEAR")
    assert "NOK " in about.reason
    assert "$" not in about.reason
    assert unsupported_numbers(about.reason, about.evidence) == ()


@pytest.mark.parametrize(
    ("per_week", "said"),
    [
        (1.24, "1.2 a week"),
        (0.69, "three a month"),
        (0.3, "one a month"),
        (0.13, "one every 8 weeks"),
        (0.04, "one every 25 weeks"),
        (0.004, "one in half a year, if that"),
        (0.0, "one in half a year, if that"),
    ],
)
def test_a_rate_is_said_as_the_trade_says_it(per_week: float, said: str) -> None:
    assert pace(per_week) == said


def test_cars_are_counted_whole() -> None:
    assert [roughly(count) for count in (0.2, 1.4, 5.6, 14.2)] == [
        "next to nothing",
        "about one",
        "about six",
        "about 14",
    ]


def test_a_purchase_says_what_of_the_segment_sold_and_doubts_a_forecast_that_missed() -> None:
    sold = (Variant(name="2021-2023 XLE", units_sold=7), Variant(name="2018-2020 LE", units_sold=3))
    demands = [replace(each, variants=sold, coverage80=0.8) for each in group_book().demands]
    sure = bought(replace(group_book(), demands=tuple(demands)))
    doubted = bought(replace(group_book(), demands=tuple(replace(each, coverage80=0.4) for each in demands)))
    assert sure
    assert all("2021-2023 XLE (7 sold), 2018-2020 LE (3 sold)" in each.reason for each in sure.values())
    assert all(unsupported_numbers(each.reason, each.evidence) == () for each in sure.values())
    assert doubted.keys() == sure.keys()
    assert all(doubted[key].confidence <= each.confidence for key, each in sure.items())
    assert any(doubted[key].confidence < each.confidence for key, each in sure.items())


def bought(book: TenantBook) -> dict[str, Advice]:
    told = advise(book, AS_OF)
    return {
        f"{each.dealer_id} {each.segment}": each for each in told if each.action in (Action.ORDER, Action.ACQUIRE)
    }
