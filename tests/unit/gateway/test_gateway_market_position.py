"""A unit's price and cost against its market."""

from services.gateway.domain.market_position import market_position

MARKET = {"vehicle_key": "V", "expected_price": "20000.00", "days_supply": 41.5, "n": 37, "as_of": "2026-04-15"}


def test_price_and_total_cost_are_set_against_the_market() -> None:
    position = market_position({"list_price": "19400.00", "cost": "15500.00", "recon_cost": "1100.00"}, MARKET)
    assert position.price_to_market == 0.97
    assert position.cost_to_market == 0.83
    assert (position.expected_price, position.days_supply, position.n) == ("20000.00", 41.5, 37)


def test_what_is_not_known_has_no_ratio() -> None:
    position = market_position({"list_price": "19400.00"}, {**MARKET, "expected_price": None})
    assert (position.price_to_market, position.cost_to_market) == (None, None)
    assert market_position({}, MARKET).price_to_market is None
