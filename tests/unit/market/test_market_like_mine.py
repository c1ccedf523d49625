"""Days' supply of vehicles like mine, and what the market asks for each own unit."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

from services.market.domain import (
    Assumptions,
    Listing,
    Listings,
    OwnUnit,
    compare,
    like_mine,
    lookup,
    observe,
    price_to_market,
    survey,
)

AS_OF = date(2025, 6, 30)
SINCE = AS_OF - timedelta(days=200)


def adverts(trim: str, year: int, *, active: int, sold: int, price: float = 20_000.0) -> list[Listing]:
    rows = []
    for i in range(active + sold):
        last = AS_OF - timedelta(days=0 if i < active else 5 + i % 30)
        rows.append(
            Listing(
                f"{trim}{year}{i}", "used/a/one", price, 50_000.0, year, AS_OF - timedelta(days=90), last, trim=trim
            )
        )
    return rows


def cells(rows: list[Listing]):
    listings = Listings.of(rows)
    return like_mine(listings, observe(listings, AS_OF, observed_since=SINCE), Assumptions())["used/a/one"]


def test_dense_cells_have_their_own_supply_which_the_segment_hides():
    found = cells([*adverts("Sport", 2021, active=60, sold=90), *adverts("Base", 2021, active=60, sold=15)])
    sport, base = lookup(found, 2021, "sport"), lookup(found, 2021, "BASE")
    assert sport is not None
    assert base is not None
    assert sport.days_supply == pytest.approx(60 * 45 / 90, rel=0.1)
    assert base.days_supply > 2 * sport.days_supply
    assert (sport.trim, sport.n, base.n) == ("Sport", 150, 75)


def test_thin_cells_lean_on_the_band_and_are_never_infinite():
    found = cells([*adverts("Base", 2021, active=100, sold=100), *adverts("Rare", 2021, active=2, sold=0)])
    rare, band = lookup(found, 2021, "Rare"), lookup(found, 2021, None)
    assert rare is not None
    assert band is not None
    assert math.isfinite(rare.days_supply)
    assert band.days_supply < rare.days_supply < 2 * band.days_supply
    assert rare.n == 2


def test_years_go_in_bands_of_three():
    found = cells([*adverts("Base", 2021, active=9, sold=3), *adverts("Base", 2019, active=9, sold=3)])
    middle = lookup(found, 2020, None)
    assert middle is not None
    assert (middle.year_from, middle.year_to, middle.active_listings) == (2019, 2021, 18)
    assert lookup(found, 2022, None) is None
    assert lookup(found, 2010, "Base") is None
    assert lookup(found, None, "Base") is None


def test_a_trim_never_advertised_goes_by_its_years():
    found = cells(adverts("Base", 2021, active=9, sold=3))
    cell = lookup(found, 2020, "Unheard of")
    assert cell is not None
    assert (cell.trim, cell.n) == (None, 12)


def test_each_own_unit_gets_the_price_to_divide_by_and_the_supply_of_its_like():
    listings = Listings.of(
        [*adverts("Base", 2021, active=40, sold=20), *adverts("Sport", 2021, active=40, sold=20, price=24_000.0)]
    )
    own = [
        OwnUnit("a", "used/a/one", model_year=2021, trim="sport", odometer_km=50_000),
        OwnUnit("b", "used/a/one", model_year=2021, trim="base", odometer_km=50_000),
        OwnUnit("c", "used/a/one", model_year=2021, odometer_km=None),
        OwnUnit("order:9", "used/a/one", inbound=True),
    ]
    (row,) = compare(survey(listings, AS_OF, observed_since=SINCE), own, [], AS_OF)
    a, b, c = row.own_units
    assert a.expected_price is not None
    assert b.expected_price is not None
    assert price_to_market(24_000, a.expected_price) == pytest.approx(1.0, abs=0.02)
    assert price_to_market(20_000, b.expected_price) == pytest.approx(1.0, abs=0.02)
    assert a.log_sd is not None
    assert (c.expected_price, c.log_sd) == (None, None)
    assert c.days_supply is not None
    assert a.n == 60
    assert (row.own_stock, row.own_inbound) == (3, 1)
    assert {(cell.trim, cell.n) for cell in row.like_mine} == {("Base", 60), ("Sport", 60), (None, 120)}


def test_before_departures_were_watched_nothing_is_said_of_supply():
    listings = Listings.of(adverts("Base", 2021, active=9, sold=0))
    (row,) = compare(survey(listings, AS_OF, observed_since=AS_OF), [OwnUnit("a", "used/a/one")], [], AS_OF)
    assert row.like_mine == ()
    assert (row.own_units[0].days_supply, row.own_units[0].n) == (None, 0)
