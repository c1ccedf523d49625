"""A job of a benchmark is weighed by itself."""

import pytest

from bench.alone import alone, peak_megabytes

HELD = 400_000_000


def _refuse() -> None:
    raise LookupError("no such book")


def test_what_the_starting_process_holds_is_not_counted():
    held = b"\1" * HELD
    assert peak_megabytes() > HELD / 1e6
    assert alone(peak_megabytes) < HELD / 1e6 / 2
    assert len(held) == HELD


def test_the_most_is_told_after_it_was_given_back():
    held = b"\1" * HELD
    assert len(held) == HELD
    del held
    assert peak_megabytes() > HELD / 1e6


def test_what_a_job_raises_is_raised():
    with pytest.raises(LookupError, match="no such book"):
        alone(_refuse)
