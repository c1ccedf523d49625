"""The market's price curve: trims, bends and certification; and the usual stock of a shelf."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from recommend_sample_books import AS_OF, camry, market

from services.recommend.domain import PriceCurve, trim_key, usual_stock
from services.recommend.domain.market_price import PriceBasis, market_price

CURVE = PriceCurve(
    reference=math.log(30_000),
    age_slope=-0.10,
    km_slope=-0.02,
    km_cap=30.0,
    residual_sd=0.08,
    reference_sd=0.03,
    age_bends=((3.0, 0.04),),
    km_bends=((8.0, 0.01),),
    certified_premium=0.04,
    trims={"xle": 0.10},
)


def test_a_price_on_the_curve_by_hand() -> None:
    log = CURVE.log_price(5.0, 100_000.0, "XL-E", certified=True)
    assert log == pytest.approx(math.log(30_000) - 0.5 + 2 * 0.04 - 0.2 + 2 * 0.01 + 0.10 + 0.04)
    assert CURVE.log_price(5.0, 900_000.0, None, certified=False) == CURVE.log_price(
        5.0, 300_000.0, None, certified=False
    )


def test_a_trim_goes_by_its_letters_and_digits() -> None:
    assert trim_key("XL-E") == trim_key(" xl e ") == "xle"
    assert trim_key("Édition") == "edition"
    assert trim_key(None) == ""


def test_a_top_trim_is_not_taken_for_a_dear_car() -> None:
    listed = replace(market(), price_curve=CURVE)
    base, top = (
        market_price(camry(trim=trim, model_year=2022, list_price=None), listed, AS_OF) for trim in ("LE", "XLE")
    )
    assert base is not None
    assert top is not None
    assert top.basis is PriceBasis.MODEL
    assert top.amount == pytest.approx(base.amount * math.exp(0.10))
    assert "XLE" in top.formula
    assert "unknown to the market" in base.formula


def test_a_cut_says_nothing_of_equipment() -> None:
    listed = replace(market(), price_curve=CURVE)

    def worth(list_price: float | None, first_price: float | None = None) -> float:
        found = market_price(camry(list_price=list_price, first_price=first_price), listed, AS_OF)
        assert found is not None
        return found.amount

    model = worth(None)
    tagged = worth(1.08 * model, 1.08 * model)
    assert worth(0.96 * model, 1.08 * model) == pytest.approx(tagged)
    assert worth(1.08 * model) == pytest.approx(tagged), "without a first price the present one stands in"
    assert tagged > model > worth(0.96 * model)


@pytest.mark.parametrize("slip", [0.01, 0.5, 10.0])
def test_a_first_price_that_was_a_slip_is_passed_over(slip: float) -> None:
    listed = replace(market(), price_curve=CURVE)
    model = market_price(camry(list_price=None), listed, AS_OF)
    assert model is not None
    plain = market_price(camry(list_price=model.amount), listed, AS_OF)
    assert market_price(camry(list_price=model.amount, first_price=slip * model.amount), listed, AS_OF) == plain


SHELF = ("north", "used/toyota/camry")


def test_the_usual_stock_is_of_the_days_with_any() -> None:
    back = AS_OF - timedelta(days=100)
    stays = [(SHELF, back, back + timedelta(days=20)), (SHELF, back + timedelta(days=10), back + timedelta(days=20))]
    assert usual_stock(stays, AS_OF) == {SHELF: pytest.approx(1.5)}


def test_stays_count_from_a_year_ago_to_today() -> None:
    long_ago = date(2020, 1, 1)
    assert usual_stock([(SHELF, long_ago, None)], AS_OF) == {SHELF: 1.0}
    assert usual_stock([(SHELF, long_ago, date(2020, 6, 1)), (SHELF, AS_OF, None)], AS_OF) == {}
