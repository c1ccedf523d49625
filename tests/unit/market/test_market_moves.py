"""Trends of share that are more than chance, and what competitors did."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from services.market.domain import (
    Assumptions,
    Listing,
    Listings,
    PricePoint,
    competitor_moves,
    observe,
    share_trends,
)

AS_OF = date(2025, 6, 30)
SINCE = AS_OF - timedelta(days=200)


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def departures(segment: str, days_ago: list[int]) -> list[Listing]:
    return [Listing(f"{segment}{i}", segment, None, None, None, ago(150), ago(d)) for i, d in enumerate(days_ago)]


def trends(*rows: Listing, since: date = SINCE):
    listings = Listings.of([Listing("on", "used/a/on", None, None, None, ago(90), AS_OF), *rows])
    return share_trends(listings, observe(listings, AS_OF, observed_since=since), Assumptions())


def spread_over(count: int, first: int, last: int) -> list[int]:
    return [first + (i * 7) % (last - first) for i in range(count)]


def test_a_share_that_doubles_on_many_sales_rises():
    up = departures("used/a/up", spread_over(80, 4, 48) + spread_over(40, 50, 92))
    rest = departures("used/a/rest", spread_over(200, 4, 48) + spread_over(240, 50, 92))
    found = trends(*up, *rest)
    rising = found["used/a/up"]
    assert (rising.share, rising.share_before) == (pytest.approx(80 / 280), pytest.approx(40 / 280))
    assert (rising.direction, rising.window_days) == ("rising", 45)
    assert rising.low > 0
    assert found["used/a/rest"].direction == "falling"
    assert "rising, +14.3 points" in rising.statement
    assert "40 then 80 sales in two windows of 45 days" in rising.statement


def test_the_same_doubling_on_few_sales_is_not_called_a_trend():
    few = departures("used/a/few", spread_over(8, 4, 48) + spread_over(4, 50, 92))
    found = trends(*few, *departures("used/a/rest", spread_over(200, 4, 48) + spread_over(200, 50, 92)))
    assert found["used/a/few"].direction == "steady"
    assert found["used/a/few"].low < 0 < found["used/a/few"].high
    assert "no more than chance" in found["used/a/few"].statement


def test_under_five_expected_sales_nothing_is_said():
    rare = departures("used/a/rare", [5, 60])
    found = trends(*rare, *departures("used/a/rest", spread_over(200, 4, 48) + spread_over(200, 50, 92)))[
        "used/a/rare"
    ]
    assert (found.direction, found.p_value) == ("unknown", None)
    assert "too few sales to tell" in found.statement


def test_where_nothing_changes_hardly_a_segment_is_called_moving():
    """A hundred segments of equal and constant sales: at a false discovery rate of a tenth, next to none moves."""
    rng = np.random.default_rng(12)
    rows = [
        row
        for i in range(100)
        for row in departures(f"used/a/{i:03d}", rng.integers(4, 94, rng.poisson(40)).tolist())
    ]
    called = [trend.direction for trend in trends(*rows).values()]
    assert sum(direction in {"rising", "falling"} for direction in called) <= 2


def test_a_short_panel_is_cut_in_two_halves_and_a_shorter_one_says_nothing():
    rows = departures("used/a/x", spread_over(30, 4, 30)) + departures("used/a/y", spread_over(30, 4, 30))
    assert trends(*rows, since=ago(33))["used/a/x"].window_days == 15
    assert trends(*rows, since=ago(16)) == {}


def rival(key: str, prices: list[tuple[int, float]], seen: tuple[int, int] = (100, 0), **more: str) -> Listing:
    points = tuple(PricePoint(ago(day), price) for day, price in prices)
    return Listing(
        key,
        "used/a/one",
        prices[-1][1] if prices else None,
        9.0,
        2020,
        ago(seen[0]),
        ago(seen[1]),
        prices=points,
        **more,
    )


def moves(*rows: Listing, own: frozenset[str] = frozenset()):
    listings = Listings.of(rows)
    return competitor_moves(listings, observe(listings, AS_OF, observed_since=SINCE), own)["used/a/one"]


def test_moves_count_from_the_price_at_the_start_of_the_window():
    cut = [rival(f"c{i}", [(100, 22_000), (60, 20_000), (20, 19_000)], seller="Rival") for i in range(6)]
    same = [rival(f"s{i}", [(100, 20_000)], seller="Rival") for i in range(3)]
    raised = [rival("r", [(30, 20_000), (10, 21_000)], (30, 0), seller="Small")]
    found = moves(*cut, *same, *raised)
    assert (found.watched, found.changed, found.arrivals, found.departures) == (10, 7, 1, 0)
    assert (found.share_cut, found.share_raised) == (0.6, 0.1)
    assert found.median_change == pytest.approx(-0.05)
    (seller,) = found.sellers
    assert (seller.seller, seller.watched, seller.active_listings) == ("Rival", 9, 9)
    assert seller.share_cut == pytest.approx(6 / 9)


def test_a_price_that_flaps_back_has_not_changed():
    flapping = [rival(f"f{i}", [(100, 20_000), (20, 19_000), (19, 20_000)]) for i in range(5)]
    found = moves(*flapping)
    assert (found.changed, found.share_cut, found.median_change) == (0, 0.0, None)


def test_few_adverts_give_counts_but_no_shares_and_unwatched_ones_no_more_than_that():
    found = moves(rival("a", [(100, 20_000), (9, 19_000)]), rival("gone", [], (80, 9)))
    assert (found.watched, found.changed, found.departures) == (1, 1, 1)
    assert (found.share_cut, found.median_change, found.sellers) == (None, None, ())


def test_an_advert_seen_once_was_not_watched():
    found = moves(*(rival(f"n{i}", [(0, 20_000)], (30, 0)) for i in range(6)))
    assert (found.watched, found.arrivals, found.share_cut) == (0, 6, None)


def test_own_vehicles_are_no_competitors():
    rows = [rival(f"o{i}", [(100, 20_000), (9, 18_000)], vin=f"OWN{i}") for i in range(5)]
    rows += [rival(f"t{i}", [(100, 20_000)], vin=f"THEIRS{i}") for i in range(5)]
    assert moves(*rows).share_cut == 0.5
    assert moves(*rows, own=frozenset(f"OWN{i}" for i in range(5))).share_cut == 0.0
