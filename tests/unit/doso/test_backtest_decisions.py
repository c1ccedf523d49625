"""A store's own history replayed: what is known when, what counts as right, and what is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from doso.backtest.decisions import decisions
from doso.backtest.decisions.lives import Life
from doso.backtest.decisions.past import remember
from doso.backtest.decisions.reading import History, UnusableHistory, read_files
from doso.backtest.decisions.replay import Replay, UnitCall, months_of, replay, taught
from doso.backtest.decisions.summary import calibration, estimate, summarise
from doso.sample_group import SampleGroup, write_sample_group
from services.recommend.domain import Parameters

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 11, 21)


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> SampleGroup:
    return write_sample_group(tmp_path_factory.mktemp("sample"), 7, AS_OF)


@pytest.fixture(scope="module")
def history(group: SampleGroup) -> History:
    store = group.stores[0]
    return read_files(store.inventory_file, store.sales_file, None, dealer=None, as_of=AS_OF, unit="mi")


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(decisions)
    return made


def life(key: str, stocked: date, days: int | None, **changes: Any) -> Life:
    """Give a used Camry that sold at retail after so many days, or still stands."""
    fields: dict[str, Any] = {
        "key": key,
        "segment": "used/toyota/camry",
        "label": "used Toyota Camry",
        "condition": "used",
        "model_year": 2022,
        "make": "Toyota",
        "model": "Camry",
        "odometer_km": 60_000.0,
        "cost": 17_000.0,
        "recon": 800.0,
        "asked": 20_500.0,
        "stocked": stocked,
        "left": None if days is None else stocked + timedelta(days=days),
        "retailed": days is not None,
        "brought": None if days is None else 20_100.0,
        "back": 900.0 if days is not None else None,
    }
    return Life(**(fields | changes))


def camrys(count: int = 60, every: int = 9, days: int = 25, *more: Life) -> History:
    start = AS_OF - timedelta(days=count * every)
    sold = [life(f"C{i}", start + timedelta(days=i * every), days) for i in range(count - 4)]
    return History("Northside", AS_OF, (*sold, *more), (), ())


def test_a_past_book_knows_nothing_of_what_came_later(history: History) -> None:
    day = date(2026, 5, 1)
    book = remember(history, Parameters(), day).book
    before = History(
        history.dealer,
        history.as_of,
        tuple(
            replace(each, left=None, retailed=False, brought=None, front=None, back=None)
            if each.left is not None and each.left > day
            else each
            for each in history.lives
            if each.stocked is not None and each.stocked <= day
        ),
        (),
        (),
    )
    assert remember(before, Parameters(), day).book == book
    here = {each.key for each in history.lives if each.stood_on(day)}
    assert {unit.vehicle_key for unit in book.units} == here


def test_adverts_are_seen_as_of_their_day(group: SampleGroup) -> None:
    store, day = group.stores[0], date(2026, 9, 1)
    seen = read_files(store.inventory_file, store.sales_file, group.market_file, dealer=None, as_of=AS_OF, unit="mi")
    assert seen.listings
    markets = remember(seen, Parameters(), day).book.markets
    assert markets
    assert all(market.as_of <= day for market in markets)


def test_months_have_a_past_and_a_month_to_judge_by(history: History) -> None:
    months = months_of(history, 6)
    assert months[-1] == date(2026, 10, 1)
    assert [day.day for day in months] == [1] * 6
    assert len(months_of(history, 60)) < 24


def test_a_unit_that_was_given_away_later_shows_what_leaving_early_would_have_gained() -> None:
    stocked = AS_OF - timedelta(days=200)
    stuck = life("STUCK", stocked, 170, asked=21_500.0, brought=13_000.0, retailed=False, back=None)
    played = replay(camrys(60, 9, 25, stuck), Parameters(frailty=1.0), months_of(camrys(), 6))
    calls = [call for call in played.unit_calls if call.key == "STUCK" and call.action == "wholesale"]
    assert len(calls) == 1
    call = calls[0]
    left = stocked + timedelta(days=170)
    assert call.days_after == (left - call.day).days
    assert call.left_by == "other"
    assert call.gain == pytest.approx(call.advised - (13_000 - call.holding_per_day * call.days_after))
    assert call.gain > 0


def test_a_unit_that_still_stands_is_not_judged() -> None:
    here = life("HERE", AS_OF - timedelta(days=150), None, asked=24_000.0)
    played = replay(camrys(60, 9, 25, here), Parameters(), months_of(camrys(), 4))
    calls = [call for call in played.unit_calls if call.key == "HERE"]
    assert calls
    assert {call.gain for call in calls} == {None}


def test_every_purchase_of_a_month_is_advised_or_not_and_counts_once(history: History) -> None:
    months = months_of(history, 3)
    played = replay(history, Parameters(), months)
    came = [
        each
        for each in history.lives
        if each.stocked and any(day < each.stocked <= day + timedelta(days=30) for day in months)
    ]
    assert {each.key for each in played.purchases} == {each.key for each in came}
    assert any(each.advised for each in played.purchases)
    assert any(not each.advised for each in played.purchases)


def test_figures_keep_right_and_wrong_apart() -> None:
    def call(gain: float | None) -> UnitCall:
        return UnitCall(
            key=f"K{gain}", label="used Toyota Camry", action="wholesale", day=AS_OF, age_days=70, confidence=0.8, uncorrected=0.8,
            advised=15_000.0, holding_per_day=20.0, days_after=None if gain is None else 30,
            left_by=None if gain is None else "retail", brought=15_000.0, gain=gain,
        )  # fmt: skip

    calls = tuple(call(gain) for gain in (500.0, 1_000.0, -2_000.0, None))
    figures = summarise(Replay(months=(AS_OF,), unit_calls=calls, purchases=(), unbought=()))
    lane = figures["units"]["wholesale"]
    assert (lane["advised"], lane["still_here"], lane["right"]) == (4, 1, 2)
    assert (lane["missed"], lane["spared"]) == (1_500.0, 2_000.0)
    assert lane["gain_per_unit"]["mean"] == pytest.approx(-500 / 3)
    sure = figures["confidence"]["wholesale"]
    assert (sure["n"], sure["stated"], sure["right"]) == (3, pytest.approx(0.8), pytest.approx(2 / 3))
    assert figures["confidence"]["reprice"]["n"] == 0
    assert figures["purchases"]["advised"]["net_per_unit"]["mean"] is None


def test_confidence_that_proves_right_as_often_as_it_says_has_no_error() -> None:
    honest = [(told / 10, place < told) for told in (1, 3, 5, 7, 9) for place in range(10)]
    assert calibration(honest)["error"] == pytest.approx(0.0)
    boasting = [(0.9, place < 4) for place in range(10)]
    assert calibration(boasting)["error"] == pytest.approx(0.5)
    assert calibration([])["error"] is None


def test_confidence_learns_from_calls_that_could_be_judged_by_then_and_no_others() -> None:
    def call(number: int, days_after: int) -> UnitCall:
        return UnitCall(
            key=f"K{number}", label="used Toyota Camry", action="wholesale", day=AS_OF, age_days=70, confidence=0.8,
            uncorrected=0.8, advised=15_000.0, holding_per_day=20.0, days_after=days_after, left_by="retail",
            brought=16_000.0, gain=-500.0,
        )  # fmt: skip

    early, late = [call(n, 10) for n in range(30)], [call(n, 90) for n in range(30)]
    day = AS_OF + timedelta(days=30)
    assert taught(Parameters(), late, day) == Parameters()
    wiser = taught(Parameters(), early + late, day)
    assert wiser == taught(Parameters(), early, day)
    assert wiser.confidence_wholesale < -1
    assert wiser.confidence_reprice == 0


def test_an_estimate_needs_two_cases_for_an_interval() -> None:
    assert (estimate([]).mean, estimate([]).n) == (None, 0)
    assert (estimate([4.0]).mean, estimate([4.0]).low) == (4.0, None)
    several = estimate([1.0, 2.0, 3.0, 6.0])
    assert several.low is not None
    assert several.high is not None
    assert several.low < 3.0 < several.high


def test_the_command_prints_and_writes(group: SampleGroup, app: typer.Typer, tmp_path: Path) -> None:
    store = group.stores[0]
    files = ["--inventory", str(store.inventory_file), "--sales", str(store.sales_file)]
    written = ["--json", str(tmp_path / "out.json"), "--png", str(tmp_path / "out.png")]
    result = CliRunner().invoke(app, [*files, *written, "--as-of", AS_OF.isoformat(), "--months", "3"])
    assert result.exit_code == 0, result.output
    assert "What this cannot show" in result.output
    assert "What the store bought" in result.output
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert found["months"] == ["2026-08-01", "2026-09-01", "2026-10-01"]
    assert found["unit_calls"]
    assert len(found["limits"]) == 4
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_sales_without_stock_dates_are_refused_with_what_to_do(
    group: SampleGroup, app: typer.Typer, tmp_path: Path
) -> None:
    store, undated = group.stores[0], tmp_path / "undated.csv"
    rows = list(csv.reader(store.sales_file.read_text(encoding="utf-8").splitlines()))
    place = rows[0].index("stock_date")
    with undated.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([cell for at, cell in enumerate(row) if at != place] for row in rows if row)
    result = CliRunner().invoke(app, ["--inventory", str(store.inventory_file), "--sales", str(undated)])
    assert result.exit_code == 1
    assert "DateInStock" in result.output


def test_too_few_sales_are_refused(group: SampleGroup, tmp_path: Path) -> None:
    store, few = group.stores[1], tmp_path / "few.csv"
    rows = list(csv.reader(store.sales_file.read_text(encoding="utf-8").splitlines()))[:10]
    with few.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(UnusableHistory, match="needs at least 20"):
        read_files(store.inventory_file, few, None, dealer=None, as_of=None, unit="mi")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--inventory and --sales"),
        (["--as-of", "yesterday", "--dealer", "Northside"], "not 'yesterday'"),
    ],
)
def test_wrong_options_say_what_to_give(app: typer.Typer, arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert words in result.output


def test_a_file_of_another_kind_is_refused(group: SampleGroup, app: typer.Typer, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.csv"
    wrong.write_text("a,b\n1,2\n", encoding="utf-8")
    store = group.stores[0]
    result = CliRunner().invoke(app, ["--inventory", str(store.inventory_file), "--sales", str(wrong)])
    assert result.exit_code == 1
    assert "notes.csv is no sales file" in result.output
