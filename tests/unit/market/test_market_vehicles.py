"""Adverts that come back, and sellers that fall silent: leaving is not always a sale."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.market.domain import Assumptions, Listing, Listings, PricePoint, observe, one_advert_per_vehicle
from services.market.domain import segment_statistics as statistics

AS_OF = date(2025, 6, 30)


def advert(key: str, seen: tuple[int, int], vin: str | None = "VIN1", **more: Any) -> Listing:
    """Make an advert first and last seen so many days before ``AS_OF``."""
    first, last = (AS_OF - timedelta(days=days) for days in seen)
    fields = {"price": 20_000.0, "odometer_km": 50_000.0, "model_year": 2020} | more
    return Listing(key, "used/a/one", first_seen=first, last_seen=last, vin=vin, **fields)


def sold(rows: list[Listing]) -> float:
    listings = Listings.of(rows)
    observation = observe(listings, AS_OF, observed_since=AS_OF - timedelta(days=200))
    return statistics(listings, observation, Assumptions())[0].sold_in_window


def test_a_car_that_comes_back_was_not_sold():
    rows = [advert("a", (60, 30)), advert("b", (20, 0), price=19_000.0), advert("other", (60, 0), "VIN2")]
    (joined, _) = sorted(one_advert_per_vehicle(rows, AS_OF), key=lambda each: each.vin or "")
    assert (joined.key, joined.price) == ("b", 19_000.0)
    assert (joined.first_seen, joined.last_seen) == (AS_OF - timedelta(days=60), AS_OF)
    assert sold(rows) == 1
    assert sold(one_advert_per_vehicle(rows, AS_OF)) == 0


def test_two_adverts_of_one_car_at_once_are_one_car():
    rows = [advert("a", (60, 0), seller="one"), advert("b", (50, 2), seller="two")]
    (joined,) = one_advert_per_vehicle(rows, AS_OF)
    assert joined.seller == "one"


@pytest.mark.parametrize(("pause", "lives"), [(45, 1), (46, 2)])
def test_after_a_long_pause_it_was_sold_and_traded_in_again(pause: int, lives: int):
    rows = [advert("a", (200, 10 + pause)), advert("b", (10, 0))]
    assert len(one_advert_per_vehicle(rows, AS_OF)) == lives


def test_a_replay_does_not_know_that_a_car_will_come_back():
    rows = [advert("a", (60, 30)), advert("b", (20, 0))]
    (known,) = one_advert_per_vehicle(rows, AS_OF - timedelta(days=25))
    assert known.key == "a"


def test_what_one_advert_leaves_out_the_other_tells():
    rows = [
        advert("a", (60, 30), trim="SE", certified=True),
        advert("b", (20, 0), price=None, odometer_km=None, prices=(PricePoint(AS_OF, 1.0),)),
    ]
    (joined,) = one_advert_per_vehicle(rows, AS_OF)
    assert (joined.trim, joined.certified, joined.price, joined.odometer_km) == ("SE", True, 20_000.0, 50_000.0)
    assert joined.prices == (PricePoint(AS_OF, 1.0),)


def test_adverts_without_a_vin_stay_apart():
    rows = [advert("a", (60, 30), None), advert("b", (20, 0), None)]
    assert len(one_advert_per_vehicle(rows, AS_OF)) == 2


def test_a_seller_whose_adverts_all_end_on_one_day_stopped_sending_them():
    silent = [advert(f"s{i}", (60, 12), None, seller="silent") for i in range(6)]
    others = [advert(f"o{i}", (60, 12 if i < 6 else 0), None, seller="open") for i in range(9)]
    assert sold(silent + others) == 6
    few = [advert(f"f{i}", (60, 12), None, seller="small") for i in range(4)]
    assert sold(few + others) == 10


def test_arrivals_are_those_that_came_while_the_market_was_watched():
    rows = [advert("old", (300, 0), None), advert("in", (10, 0), None), advert("first day", (30, 0), None)]
    listings = Listings.of(rows)
    observation = observe(listings, AS_OF, observed_since=AS_OF - timedelta(days=30))
    assert [bool(came) for came in observation.arrived] == [False, True, False]
