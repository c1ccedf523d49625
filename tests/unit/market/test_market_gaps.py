"""Mix gaps of one rooftop, and the assessment it receives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.market.domain import (
    Listing,
    Listings,
    OwnSale,
    OwnUnit,
    Reading,
    UnitMarket,
    assess,
    compare,
    materially_differs,
    mix_gaps,
    survey,
)

TODAY = date(2025, 6, 30)
SEGMENTS = ("used/a/one", "used/a/two", "used/b/three", "new/a/one", "new/b/three")


def units(**counts: int) -> list[OwnUnit]:
    return [OwnUnit(f"{name}{i}", f"used/{name}") for name, count in counts.items() for i in range(count)]


def sales(days_ago: int = 1, **counts: int) -> list[OwnSale]:
    on = TODAY - timedelta(days=days_ago)
    return [OwnSale(f"{name}{i}", f"used/{name}", on) for name, count in counts.items() for i in range(count)]


def test_gap_index_and_shares_by_hand():
    gaps = mix_gaps({"used/x": 60, "used/y": 40}, units(x=5, y=15), sales(x=3, y=1), TODAY, 45)
    x = gaps[0]
    assert (x.market_share, x.stock_share, x.sales_share) == pytest.approx((0.60, 0.25, 0.75))
    assert x.gap == pytest.approx(0.35)
    assert x.gap_points == pytest.approx(35)
    assert x.index == pytest.approx(100 * 0.25 / 0.60)
    assert (x.own_stock, x.own_sales) == (5, 3)
    assert x.expected_count == pytest.approx(100 * 65 / 120)
    assert not x.suppressed


def test_new_stock_does_not_enter_the_shares_of_used():
    new = [OwnUnit(f"n{i}", "new/x") for i in range(50)]
    gap = next(
        g for g in mix_gaps({"used/x": 10, "new/x": 30}, [*units(x=2), *new], [], TODAY, 45) if g.segment == "used/x"
    )
    assert (gap.market_share, gap.stock_share) == (1.0, 1.0)


def test_segments_only_one_side_has_are_listed_too():
    market_only, own_only = mix_gaps({"used/m": 100}, units(o=20), [], TODAY, 45)
    assert (market_only.segment, market_only.gap, market_only.own_stock) == ("used/m", 1.0, 0)
    assert (own_only.segment, own_only.gap, own_only.market_share) == ("used/o", -1.0, 0.0)
    assert own_only.index is None


def test_cells_with_an_expected_count_under_five_are_suppressed():
    market = {"used/rare": 4.0, "used/common": 96.0}
    by_segment = {g.segment: g for g in mix_gaps(market, units(common=20), [], TODAY, 45)}
    assert by_segment["used/rare"].expected_count == pytest.approx(100 * 4 / 120)
    assert by_segment["used/rare"].suppressed
    assert not by_segment["used/common"].suppressed


def test_without_market_sales_or_own_stock_there_is_no_gap():
    (gap,) = mix_gaps({"used/x": 0.0}, units(x=9), [], TODAY, 45)
    assert (gap.market_share, gap.gap, gap.suppressed) == (None, None, True)
    (gap,) = mix_gaps({"used/x": 50.0}, [], [], TODAY, 45)
    assert (gap.stock_share, gap.gap, gap.index) == (None, None, None)


@pytest.mark.parametrize(("days_ago", "counted"), [(0, 1), (44, 1), (45, 0), (-1, 0)])
def test_own_sales_count_in_as_many_days_as_the_market_was_watched(days_ago: int, counted: int):
    (gap,) = mix_gaps({"used/x": 50.0}, [], sales(days_ago, x=1), TODAY, 45)
    assert gap.own_sales == counted


def test_what_is_on_order_is_inbound_and_not_stock():
    ordered = [OwnUnit("order:1", "used/x", inbound=True, quantity=3), OwnUnit("order:2", "used/z", inbound=True)]
    x, y, z = mix_gaps({"used/x": 50, "used/y": 50}, [*units(x=2, y=6), *ordered], [], TODAY, 45)
    assert (x.own_stock, x.own_inbound, z.own_stock, z.own_inbound) == (2, 3, 0, 1)
    assert x.stock_share == pytest.approx(2 / 8)
    assert x.target_units == pytest.approx(0.5 * 12)
    assert x.gap_units == 6 - 2 - 3
    assert y.gap_units == 6 - 6 - 0


def test_gap_units_are_not_given_where_the_cell_is_suppressed():
    rare = mix_gaps({"used/rare": 4.0, "used/common": 96.0}, units(common=20), [], TODAY, 45)[1]
    assert rare.suppressed
    assert (rare.gap_units, rare.reading) == (None, None)


@pytest.mark.parametrize(
    ("stock", "sold", "reading"),
    [
        ({"x": 10, "y": 90}, {"x": 40, "y": 60}, Reading.UNDERSTOCKED),
        ({"x": 10, "y": 90}, {"x": 2, "y": 98}, Reading.POOR_FIT),
        ({"x": 10, "y": 90}, {"x": 0, "y": 5}, Reading.UNDERSTOCKED),
        ({"x": 80, "y": 20}, {"x": 40, "y": 60}, Reading.OVERSTOCKED),
        ({"x": 38, "y": 62}, {"x": 40, "y": 60}, Reading.BALANCED),
    ],
    ids=["sells what it has", "does not sell even those", "too few own sales to tell", "too many", "in step"],
)
def test_the_three_shares_are_read_together(stock: dict[str, int], sold: dict[str, int], reading: Reading):
    x = mix_gaps({"used/x": 400, "used/y": 600}, units(**stock), sales(**sold), TODAY, 45)[0]
    assert x.reading is reading
    assert (x.market_total, x.own_stock_total, x.own_sales_total) == (1000, 100, sum(sold.values()))
    assert x.expected_own_sales == pytest.approx(0.4 * sum(sold.values()))


counts = st.dictionaries(st.sampled_from(SEGMENTS), st.integers(0, 40))


@given(market=counts, stock=counts, sold=counts)
def test_shares_sum_to_one_and_gaps_to_zero_within_each_condition_group(
    market: dict[str, int], stock: dict[str, int], sold: dict[str, int]
):
    own = [OwnUnit(f"{s}{i}", s) for s, n in stock.items() for i in range(n)]
    own_sales = [OwnSale(f"{s}{i}", s, TODAY) for s, n in sold.items() for i in range(n)]
    gaps = mix_gaps({s: float(n) for s, n in market.items()}, own, own_sales, TODAY, 45)
    for group in ("new", "used"):
        rows = [gap for gap in gaps if gap.segment.startswith(group)]
        for name in ("market_share", "stock_share", "sales_share"):
            shares = [getattr(row, name) for row in rows]
            assert all(share is None for share in shares) or sum(shares) == pytest.approx(1.0)
        if all(row.gap is not None for row in rows):
            assert sum(row.gap for row in rows) == pytest.approx(0.0, abs=1e-9)


def region() -> Listings:
    rows = []
    for i in range(40):
        gone = i % 4 == 0
        last = TODAY - timedelta(days=10 + i // 2 if gone else 0)
        rows.append(
            Listing(
                f"v{i}",
                "used/x",
                20_000.0 + 100 * i,
                60_000,
                2019,
                TODAY - timedelta(days=90),
                last,
                label="used X",
            )
        )
    return Listings.of(rows)


def test_the_assessment_joins_statistics_price_model_and_gap():
    own, seen = [*units(x=2), OwnUnit("z1", "used/z", "used Zed")], sales(x=1)
    x, z = assess(region(), own, seen, TODAY)
    assert (x.label, x.active_listings, x.sold_in_window, x.own_stock, x.own_sales) == (
        "used X",
        30,
        10,
        2,
        1,
    )
    assert x.price_log_reference is not None
    assert x.priced_listings == 40
    assert x.gap == pytest.approx(1 - 2 / 3)
    assert (z.label, z.active_listings, z.market_days_supply, z.market_share) == ("used Zed", 0, None, 0.0)
    assert (z.priced_listings, z.price_log_reference) == (0, None)


def test_one_survey_serves_every_rooftop():
    market = survey(region(), TODAY)
    assert compare(market, units(x=2), sales(x=1), TODAY) == assess(region(), units(x=2), sales(x=1), TODAY)
    assert compare(market, [], [], TODAY)[0].own_stock == 0


@pytest.mark.parametrize(
    ("change", "material"),
    [
        ({}, False),
        ({"price_median": 20_100.0}, False),
        ({"price_median": 20_300.0}, True),
        ({"market_days_supply": None}, True),
        ({"price_log_reference": 10.005}, False),
        ({"price_log_reference": 10.02}, True),
        ({"active_listings": 31}, True),
        ({"stock_share": 0.502}, True),
        ({"suppressed": True}, True),
        ({"label": "used x"}, False),
        ({"reading": "poor fit"}, True),
        ({"own_inbound": 1}, True),
        ({"own_units": (UnitMarket("x0", 20_100.0),)}, False),
        ({"own_units": (UnitMarket("x0", 20_500.0),)}, True),
        ({"own_units": (UnitMarket("x9", 20_000.0),)}, True),
        ({"as_of": TODAY + timedelta(days=1)}, False),
        ({"as_of": TODAY + timedelta(days=7)}, True),
    ],
)
def test_only_changes_a_reader_would_act_on_are_material(change: dict[str, object], material: bool):
    (row,) = assess(region(), units(x=1), [], TODAY)
    own = (UnitMarket("x0", 20_000.0),)
    old = replace(row, price_median=20_000.0, price_log_reference=10.0, stock_share=0.5, own_units=own)
    assert materially_differs(old, replace(old, **change)) is material


def test_a_segment_never_published_is_news():
    (row,) = assess(region(), [], [], TODAY)
    assert materially_differs(None, row)
