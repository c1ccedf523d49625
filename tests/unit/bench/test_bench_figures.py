"""Figures, ratios and marks are computed as they are read."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench.series import dense_series, sparse_series
from bench.stalls import METRIC, longest_stall, stall_buckets
from bench.statistics import latencies, percentile, spread
from bench.tables import Limit, Mark, Row, Table, once, ranged, shown
from bench.watching import Watch


def test_percentiles_interpolate():
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert percentile([10.0], 0.99) == 10.0
    assert latencies([0.1] * 99 + [5.0]).longest == 5.0


@given(st.lists(st.floats(0, 1e9), min_size=1), st.floats(0, 1))
def test_a_percentile_lies_within_the_sample(values, share):
    assert min(values) <= percentile(values, share) * (1 + 1e-12)
    assert percentile(values, share) <= max(values) * (1 + 1e-12)


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 1.5)])
def test_a_percentile_of_nothing_is_refused(values, share):
    with pytest.raises(ValueError, match=r"nothing was measured|between 0 and 1"):
        percentile(values, share)


def test_a_row_holds_its_figure_against_limit_and_mark():
    row = Row("x", "events/s", spread([900, 1_000, 1_100]), (Limit("copy", once(4_000)),), Mark("at least", 2_000))
    assert row.ratios == (0.25,)
    assert row.met is False
    assert Row("x", "ms", once(99), mark=Mark("below", 100)).met is True
    assert Row("x", "ms", once(100), mark=Mark("below", 100)).met is False
    assert Row("x", "ms", once(1)).met is None
    assert Row("x", "ms", once(1), (Limit("none", once(0)),)).ratios == (None,)


def test_a_table_is_printed_and_kept_whole():
    row = Row("pipeline", "events/s", spread([1.0, 2.0, 3.0]), (Limit("copy", once(8.0)),), Mark("at least", 1))
    table = Table("t", "Title", [row], ["a note"])
    console = Console(record=True, width=140, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        table.print(console)
    for told in ("Title", "pipeline", "2 [1-3]", "copy 8", "0.25×", "≥ 1", "yes", "a note"):
        assert told in captured.get()
    kept = json.loads(json.dumps(table.as_json()))
    assert kept["rows"][0]["figure"] == {"median": 2.0, "least": 1.0, "most": 3.0, "repeats": 3}
    assert kept["rows"][0]["met"] is True


def test_numbers_are_shown_to_three_digits():
    shown_as = [shown(value) for value in (0.00123, 1.234, 12.34, 123.4, 12_345.6)]
    assert shown_as == ["0.00123", "1.23", "12.3", "123", "12,346"]
    assert ranged(spread([5.0, 5.0])) == "5"


def test_the_longest_stall_is_the_highest_bucket_filled_in_between():
    def metrics(small, middle, most):
        lines = [f"# TYPE {METRIC} histogram"]
        for bound, count in (("0.05", small), ("0.1", middle), ("+Inf", most)):
            lines.append(f'{METRIC}_bucket{{service="gateway",le="{bound}"}} {count}')
        return stall_buckets("\n".join([*lines, f'{METRIC}_count{{service="gateway"}} {most}', ""]))

    before = metrics(10, 12, 15)
    assert longest_stall(before, metrics(20, 22, 25)) == 0.05
    assert longest_stall(before, metrics(20, 23, 26)) == 0.1
    assert longest_stall(before, metrics(20, 22, 26)) == float("inf")
    with pytest.raises(ValueError, match="did not tick"):
        longest_stall(before, before)
    with pytest.raises(ValueError, match=METRIC):
        stall_buckets("")


def test_a_price_that_was_overtaken_counts_as_seen():
    watch = Watch()
    for place, price in enumerate(("100.00", "101.00", "102.00")):
        watch.price_sent("VIN", Decimal(price), due=float(place))
    watch.price_seen("VIN", Decimal("99.00"), now=5.0)
    assert watch.waiting == 3
    watch.price_seen("VIN", Decimal("101.00"), now=5.0)
    assert watch.price_seconds == [5.0, 4.0]
    assert watch.waiting == 1
    watch.price_seen("VIN", Decimal("102.00"), now=6.0)
    assert watch.waiting == 0


def test_simulated_series_are_sparse_and_dense_and_equal_for_an_equal_seed():
    sparse, dense = sparse_series(200, 1), dense_series(20, 1)
    assert 0.7 < sum(each.history().mean for each in sparse) / 200 < 1.7
    assert all(each.history().mean > 2 and each.history().periods == 104 for each in dense)
    assert [each.sales.sum() for each in sparse] == [each.sales.sum() for each in sparse_series(200, 1)]
