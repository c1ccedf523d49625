"""What advice does not price by, pages do not price by either."""

from __future__ import annotations

from services.gateway.domain import market_position
from services.recommend.domain import market_price


def test_pages_and_advice_take_a_market_for_stale_on_the_same_day() -> None:
    assert market_position.STALE_MARKET_DAYS == market_price.STALE_MARKET_DAYS
