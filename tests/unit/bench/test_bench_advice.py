"""The advice of generated books and what is learned of made-up lives are measured, each in a process of its own."""

import io
import itertools
from datetime import timedelta
from statistics import fmean

import pytest
from rich.console import Console

from bench import advice, learning
from bench.advice import Size
from bench.generated_book import AS_OF
from bench.generated_lives import generated_lives
from bench.learning import Year
from bench.options import Options
from bench.progress import Steps

YEAR_AGO = AS_OF - timedelta(days=365)


@pytest.fixture(scope="module")
def lives():
    return generated_lives(3, 1_500, 5)


def test_lives_are_of_the_year_and_some_still_stand(lives):
    assert len(lives) == 1_500
    assert len({life.unit.vehicle_key for life in lives}) == 1_500
    assert {life.unit.dealer_id for life in lives} == {"store00", "store01", "store02"}
    assert all(life.unit.stock_date < AS_OF for life in lives)
    left = [life.left for life in lives if life.left is not None]
    assert YEAR_AGO < min(left) < YEAR_AGO + timedelta(days=14)
    assert AS_OF - timedelta(days=14) < max(left) <= AS_OF
    assert 0.05 < 1 - len(left) / len(lives) < 0.25
    assert 0.05 < fmean(life.unit.stock_date <= YEAR_AGO for life in lives) < 0.25
    assert not any(life.sold for life in lives if life.left is None)
    assert 0.85 < fmean(life.sold for life in lives if life.left) < 0.95


def test_prices_fall_from_the_first_day_and_none_is_later_than_the_stay(lives):
    for life in lives:
        days, asked = zip(*life.prices, strict=True)
        assert days[0] == life.unit.stock_date
        assert days[-1] < (life.left or AS_OF)
        assert all(later < earlier for earlier, later in itertools.pairwise(asked))
        assert (life.unit.first_price, life.unit.list_price) == (asked[0], asked[-1])


def test_what_is_asked_less_for_goes_sooner(lives):
    gone = sorted(
        (life.prices[0][1] / life.unit.cost, (life.left - life.unit.stock_date).days) for life in lives if life.left
    )
    third = len(gone) // 3
    assert fmean(days for _, days in gone[:third]) < 0.8 * fmean(days for _, days in gone[-third:])


def test_the_same_seed_gives_the_same_lives(lives):
    assert generated_lives(3, 1_500, 5) == lives
    assert generated_lives(3, 1_500, 6) != lives


async def test_the_table_tells_of_reviews_and_of_learning(tmp_path, monkeypatch):
    monkeypatch.setattr(advice, "SIZES", (Size("a rooftop of 20", 1, 20, 2.0),))
    monkeypatch.setattr(learning, "YEARS", (Year(2_000, 2, 400), Year(20, 2, 400, megabytes=1.0)))
    options = Options(("memory",), None, 1, tmp_path, 1.0, tmp_path, 0)
    table = await advice.measure(options, Steps(Console(file=io.StringIO())))
    rows = [(row["name"], row["unit"], row["mark"]["sense"], row["mark"]["value"]) for row in table.as_json()["rows"]]
    assert rows == [
        ("a rooftop of 20", "s", "below", 2.0),
        ("a rooftop of 20: memory", "MB", "below", 1_000.0),
        ("learning from 2,000 lives of 2 rooftops", "s", "below", 60.0),
        ("learning from 2,000 lives of 2 rooftops: memory", "MB", "below", 1_000.0),
        ("learning from 20 lives of 2 rooftops", "s", "below", 60.0),
        ("learning from 20 lives of 2 rooftops: memory", "MB", "below", 1.0),
    ]
    assert table.rows[-1].met is False
    assert all(row.figure.least > 0 for row in table.rows)
    assert "pace" in table.rows[2].detail
    assert "attraction" in table.rows[2].detail
    told = {name: rest for name, _, rest in (note.partition(": ") for note in table.notes)}
    both = told["learning from 2,000 lives of 2 rooftops"]
    assert "pace of 1," in both
    assert "attraction of " in both
    assert told["learning from 20 lives of 2 rooftops"] == "no pace to trust; no attraction to trust"
    assert any("lives are made up" in note for note in table.notes)
