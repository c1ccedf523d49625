"""Supply and sales read from adverts that appear and disappear."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.market.domain import Assumptions, Listing, Listings, observe, segment_statistics

AS_OF = date(2025, 6, 30)
ACCORD, CIVIC, NEW_CIVIC = "used/honda/accord", "used/honda/civic", "new/honda/civic"


def listing(
    key: str, segment: str = CIVIC, *, seen: tuple[int, int], price: float | None = None, **more: Any
) -> Listing:
    """Make a listing first and last seen so many days before ``AS_OF``."""
    first, last = (AS_OF - timedelta(days=days) for days in seen)
    return Listing(key, segment, price, 50_000, 2020, first, last, **more)


def statistics_of(*rows: Listing, as_of: date = AS_OF, observed_since: date | None = AS_OF - timedelta(days=200)):
    listings = Listings.of(rows)
    observation = observe(listings, as_of, observed_since=observed_since)
    return observation, {row.segment: row for row in segment_statistics(listings, observation)}


def test_market_days_supply_is_active_over_sold_a_day_in_45_days():
    rows = [listing(f"on{i}", seen=(60, 0)) for i in range(20)]
    rows += [listing(f"off{i}", seen=(90, 5 + i)) for i in range(9)]
    observation, found = statistics_of(*rows)
    assert (observation.as_of, observation.window_days) == (AS_OF, 45)
    assert found[CIVIC].sold_in_window == 9
    assert found[CIVIC].sold_per_day == pytest.approx(9 / 45)
    assert found[CIVIC].market_days_supply == pytest.approx(100.0)


def test_no_sales_means_no_days_supply_rather_than_infinity():
    _, found = statistics_of(listing("a", seen=(30, 0)), listing("b", seen=(30, 1)))
    assert found[CIVIC].sold_per_day == 0
    assert found[CIVIC].market_days_supply is None
    assert found[CIVIC].market_share is None


@pytest.mark.parametrize(
    ("last_seen", "active", "sold"),
    [(3, 1, 0), (4, 0, 1), (48, 0, 1), (49, 0, 0)],
    ids=["last day of grace", "first day after grace", "last day of window", "before the window"],
)
def test_edges_of_grace_and_window(last_seen: int, active: int, sold: int):
    _, found = statistics_of(listing("newest", ACCORD, seen=(10, 0)), listing("a", seen=(100, last_seen)))
    assert (found[CIVIC].active_listings, found[CIVIC].sold_in_window) == (active, sold)


def test_an_advert_said_to_have_ended_is_not_active_and_not_sold_before_others_could_be_noticed():
    _, found = statistics_of(listing("newest", ACCORD, seen=(10, 0)), listing("a", seen=(100, 1), active=False))
    assert (found[CIVIC].active_listings, found[CIVIC].sold_in_window) == (0, 0)


def test_old_data_are_judged_by_their_own_newest_day():
    rows = [listing("on", seen=(60, 0)), listing("off", seen=(60, 10))]
    observation, found = statistics_of(*rows, as_of=AS_OF + timedelta(days=400))
    assert observation.as_of == AS_OF
    assert (found[CIVIC].active_listings, found[CIVIC].sold_in_window) == (1, 1)


def test_a_replay_of_the_past_does_not_know_the_future():
    past = AS_OF - timedelta(days=30)
    rows = [
        listing("sold later", seen=(60, 10), active=False),
        listing("came later", seen=(20, 0)),
        listing("gone", seen=(90, 40)),
    ]
    observation, found = statistics_of(*rows, as_of=past)
    assert observation.as_of == past
    assert (found[CIVIC].active_listings, found[CIVIC].sold_in_window) == (1, 1)


def test_a_panel_younger_than_the_window_counts_its_true_days():
    started = AS_OF - timedelta(days=23)
    rows = [listing(f"on{i}", seen=(23, 0)) for i in range(5)]
    rows += [listing(f"off{i}", seen=(23, days)) for i, days in enumerate((20, 15, 10, 5))]
    observation, found = statistics_of(*rows, observed_since=started)
    assert observation.window_days == 20
    assert found[CIVIC].sold_per_day == pytest.approx(4 / 20)


def test_first_seen_dates_from_before_the_panel_do_not_dilute_sold_per_day():
    """One departure a day watched for 20 days, of adverts whose source dates them a year back."""
    rows = [listing(f"on{i}", seen=(365, 0)) for i in range(5)]
    rows += [listing(f"off{i}", seen=(365, 4 + i)) for i in range(20)]
    observation, found = statistics_of(*rows, observed_since=None)
    assert observation.window_days == pytest.approx(20, abs=1)
    assert found[CIVIC].sold_per_day == pytest.approx(1.0, rel=0.06)


def test_a_few_departures_leave_room_for_the_days_before_the_first_of_them():
    """Four departures in 20 days come 5 days apart, so the watching began about 5 days before the first."""
    rows = [listing("on", seen=(365, 0)), *(listing(f"off{i}", seen=(365, i)) for i in (23, 16, 10, 4))]
    observation, _ = statistics_of(*rows, observed_since=None)
    assert observation.window_days == 25


def test_where_nothing_left_the_panel_is_as_old_as_its_first_listing():
    observation, _ = statistics_of(listing("a", seen=(13, 0)), observed_since=None)
    assert observation.window_days == 10


def test_a_first_import_has_no_window_yet():
    observation, found = statistics_of(listing("a", seen=(0, 0)), observed_since=AS_OF)
    assert observation.window_days == 0
    assert found[CIVIC].sold_per_day == 0


def test_a_measured_share_of_departures_that_were_sales_scales_sales():
    listings = Listings.of([listing("on", seen=(50, 0)), *(listing(f"o{i}", seen=(50, 9)) for i in range(10))])
    assumptions = Assumptions(sale_share=0.8)
    observation = observe(listings, AS_OF, assumptions)
    assert segment_statistics(listings, observation, assumptions)[0].sold_in_window == pytest.approx(8.0)


def test_quartiles_are_of_active_priced_listings():
    prices = [10_000, 12_000, 14_000, 16_000, 18_000, 0, None]
    rows = [listing(f"p{i}", seen=(9, 0), price=price) for i, price in enumerate(prices)]
    rows += [listing("gone", seen=(60, 9), price=90_000)]
    rows += [listing(f"few{i}", ACCORD, seen=(9, 0), price=20_000) for i in range(2)]
    _, found = statistics_of(*rows)
    civic, accord = found[CIVIC], found[ACCORD]
    assert (civic.price_p25, civic.price_median, civic.price_p75) == (12_000, 14_000, 16_000)
    assert (accord.price_p25, accord.price_median, accord.price_p75) == (None, None, None)


def test_shares_of_sales_are_within_new_and_within_used():
    rows = [listing(f"c{i}", CIVIC, seen=(60, 9)) for i in range(3)]
    rows += [
        listing("a", ACCORD, seen=(60, 9)),
        listing("n", NEW_CIVIC, seen=(60, 9)),
        listing("on", seen=(9, 0)),
    ]
    _, found = statistics_of(*rows)
    assert found[CIVIC].market_share == pytest.approx(0.75)
    assert found[ACCORD].market_share == pytest.approx(0.25)
    assert found[NEW_CIVIC].market_share == pytest.approx(1.0)


def test_the_label_does_not_depend_on_the_order_of_rows():
    rows = [
        listing("a", seen=(9, 0), label="used Honda Civic"),
        listing("b", seen=(9, 0), label="used HONDA Civic"),
    ]
    assert Listings.of(rows).labels == Listings.of(rows[::-1]).labels


def test_bad_listings_are_refused_by_name():
    with pytest.raises(ValueError, match="'twice' occurs 2 times"):
        Listings.of([listing("twice", seen=(9, 0)), listing("twice", seen=(8, 0))])
    with pytest.raises(ValueError, match=r"'odd'.*before first_seen"):
        Listings.of([listing("odd", seen=(1, 5))])
    with pytest.raises(ValueError, match="no listing was first seen by"):
        observe(Listings.of([]), AS_OF)
    with pytest.raises(ValueError, match="window_days"):
        Assumptions(window_days=0)
