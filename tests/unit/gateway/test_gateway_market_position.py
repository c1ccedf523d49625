"""A unit's price and cost against its market."""

from datetime import date

from services.gateway.domain.market_position import market_position

MARKET = {"vehicle_key": "V", "expected_price": "20000.00", "days_supply": 41.5, "n": 37, "as_of": "2026-04-15"}
TODAY = date(2026, 4, 20)


def test_price_and_total_cost_are_set_against_the_market() -> None:
    position = market_position({"list_price": "19400.00", "cost": "15500.00", "recon_cost": "1100.00"}, MARKET, TODAY)
    assert position.price_to_market == 0.97
    assert position.cost_to_market == 0.83
    assert (position.expected_price, position.days_supply, position.n) == ("20000.00", 41.5, 37)


def test_what_is_not_known_has_no_ratio() -> None:
    position = market_position({"list_price": "19400.00"}, {**MARKET, "expected_price": None}, TODAY)
    assert (position.price_to_market, position.cost_to_market) == (None, None)
    assert market_position({}, MARKET, TODAY).price_to_market is None


def test_a_market_that_is_too_old_gives_no_price() -> None:
    priced = {"list_price": "19400.00", "cost": "15500.00"}
    last = market_position(priced, MARKET, date(2026, 6, 14))
    assert (last.stale, last.price_to_market) == (False, 0.97)
    stale = market_position(priced, MARKET, date(2026, 6, 15))
    assert (stale.stale, stale.as_of) == (True, "2026-04-15")
    assert (stale.expected_price, stale.price_to_market, stale.cost_to_market) == (None, None, None)
