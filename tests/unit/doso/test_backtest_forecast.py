"""``doso backtest forecast`` reads files as people have them, scores honestly, and says what it decided."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from doso.backtest.rolling import Protocol, Replay
from doso.backtest.series_file import UnreadableSeriesError, read_series
from doso.main import app
from services.forecast.domain.frequency import Frequency
from services.forecast.domain.series import always_on_hand

METHODS = "doso,seasonal_naive"


def write(path: Path, rows: list[str], header: str = "Year,Month,Make,Quantity") -> Path:
    path.write_text("\r\n".join([header, *rows]) + "\r\n", encoding="utf-8", newline="")
    return path


def registrations(months: int = 60, makes: int = 3) -> list[str]:
    rng = np.random.default_rng(1)
    rows = [
        f'{2010 + month // 12},{month % 12 + 1},"Make{make} ",{rng.poisson(200 + 60 * (month % 12))}'
        for make in range(makes)
        for month in range(months)
    ]
    rng.shuffle(rows)
    return rows


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["backtest", "forecast", *map(str, arguments)], env={"COLUMNS": "300"})
    return done.exit_code, done.output


def options(path: Path, **changes: object) -> list[object]:
    said: dict[str, object] = {"date": "Year,Month", "series": "Make", "value": "Quantity", "methods": METHODS}
    return [path, *(part for name, value in (said | changes).items() for part in (f"--{name}", value))]


def test_a_file_is_scored_and_written_as_json_and_picture(tmp_path: Path) -> None:
    path = write(tmp_path / "sales.csv", registrations())
    code, output = run(*options(path, json=tmp_path / "out.json", png=tmp_path / "out.png"))
    assert code == 0, output
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["protocol"]["series"] == 3
    assert document["protocol"]["last"] == "2014-12-01"
    scores = {each["method"]: each for each in document["methods"]}
    assert list(scores) == ["doso", "seasonal_naive"]
    assert set(scores["doso"]) == {"method", "mase", "wape", "pinball", "coverage80", "series_per_s"}
    assert 0 < scores["doso"]["mase"] < scores["seasonal_naive"]["mase"] < 2
    assert 0 < scores["doso"]["wape"] < 0.2
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    assert "MASE" in output


def test_duplicates_gaps_and_short_series_are_decided_and_said(tmp_path: Path) -> None:
    rows = [row for row in registrations() if not row.startswith('2012,4,"Make1')]
    rows += ['2014,12,"Make0",7', "2014,1,Newcomer,5", "2014,2,Newcomer,"]
    read = read_series(
        write(tmp_path / "s.csv", rows), dates=("Year", "Month"), series="Make", value="Quantity",
        frequency=Frequency.MONTH, least=40,
    )  # fmt: skip
    assert [each.name for each in read.histories] == ["Make0", "Make1", "Make2"]
    assert {each.periods for each in read.histories} == {60}
    assert read.histories[1].values[27] == 0
    notes = " / ".join(read.notes)
    assert "1 duplicate dates, whose values were added up: Make0 2014-12-01" in notes
    assert "1 series with rows in fewer than 40 periods left out: Newcomer (1)" in notes
    assert "1 periods without a row filled with 0, as counts: Make1 (1)" in notes
    assert "1 of 182 rows have no value" in notes


@pytest.mark.parametrize(
    ("frequency", "dates", "first"),
    [
        (Frequency.WEEK, [f"{date.fromordinal(738886 + 7 * k):%Y-%m-%d}" for k in range(8)], date(2024, 1, 1)),
        (Frequency.MONTH, [f"2024-{month:02d}" for month in range(1, 9)], date(2024, 1, 1)),
        (Frequency.MONTH, [f"{month}/15/2024" for month in range(1, 9)], date(2024, 1, 1)),
        (Frequency.QUARTER, [f"{2023 + k // 4}-Q{k % 4 + 1}" for k in range(8)], date(2023, 1, 1)),
        (Frequency.DAY, [f"2024-03-{day:02d}T08:00:00" for day in range(1, 9)], date(2024, 3, 1)),
        (Frequency.YEAR, [str(year) for year in range(2001, 2009)], date(2001, 1, 1)),
    ],
)
def test_dates_are_read_as_people_write_them(
    tmp_path: Path, frequency: Frequency, dates: list[str], first: date
) -> None:
    path = write(tmp_path / "s.csv", [f'{each};"1,250.5"' for each in reversed(dates)], "day;units")
    read = read_series(path, dates=("day",), series=None, value="units", frequency=frequency, least=1)
    (history,) = read.histories
    assert (history.first, history.periods, history.name) == (first, 8, "units")
    assert history.values.tolist() == [1250.5] * 8


def test_weeks_without_a_row_are_no_sales_and_the_rarest_are_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = []
    for segment in range(12):
        sold = rng.poisson(0.15 if segment == 0 else 1.0, 104)
        sold[0] = 1
        days = [date.fromordinal(738886 + 7 * week) for week in range(104)]
        rows += [f"{day},s{segment},{units}" for day, units in zip(days, sold, strict=True) if units]
    path = write(tmp_path / "weekly.csv", rows, "week,segment,sold")
    weekly = options(path, date="week", series="segment", value="sold", freq="W", horizon=4, step=4, origins=3)
    code, output = run(*weekly, "--least", 26, "--json", tmp_path / "out.json")
    assert code == 0, output
    assert "1 series with rows in fewer than 26 periods left out: s0" in output
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["protocol"]["series"] == 11
    own, naive = document["methods"]
    assert own["pinball"] < 0.85 * naive["pinball"]


def test_gaps_of_what_is_no_count_are_interpolated(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", ["2024-01,1.5", "2024-03,2.5"], "month,rate")
    read = read_series(path, dates=("month",), series=None, value="rate", frequency=Frequency.MONTH, least=1)
    assert read.histories[0].values.tolist() == [1.5, 2.0, 2.5]
    assert "interpolated" in read.notes[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": "Units"}, "no column Units in sales.csv; it has: Year, Month, Make, Quantity"),
        ({"date": "Day"}, "no column Day"),
        ({"freq": "H"}, "--freq is one of D, W, M, Q, Y, not 'H'"),
        ({"methods": "magic"}, "no method magic; there are doso, seasonal_naive, prophet"),
        (
            {"origins": 40},
            "no series left to backtest in sales.csv: 3 series shorter than 144 periods left out: Make0 (60)",
        ),
        ({"date": "Make"}, "is no date"),
        ({"value": "Make"}, "is no number"),
    ],
)
def test_what_cannot_be_read_is_said_with_what_to_do(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    code, output = run(*options(write(tmp_path / "sales.csv", registrations()), **changes))
    assert code != 0
    assert said in output.replace("\n", " ")


def test_an_empty_file_has_no_columns(tmp_path: Path) -> None:
    (tmp_path / "s.csv").touch()
    with pytest.raises(UnreadableSeriesError, match="it has: nothing"):
        read_series(tmp_path / "s.csv", dates=("d",), series=None, value="v", frequency=Frequency.MONTH, least=1)


def test_no_method_sees_what_came_after_its_origin() -> None:
    rng = np.random.default_rng(3)
    values = rng.poisson(300, 60).astype(np.float64)
    changed = values.copy()
    changed[-3:] *= 10
    protocol = Protocol("M", 3, 2, 3, 1)
    made = []
    for each in (values, changed):
        history = always_on_hand("s", date(2015, 1, 1), each, Frequency.MONTH)
        made.append(Replay.of([history], protocol).run("doso", lambda: None)[1])
    for before, after in zip(*made, strict=True):
        assert before.mean.tolist() == after.mean.tolist()


@pytest.mark.parametrize("method", ["prophet", "auto_ets", "auto_arima"])
def test_the_libraries_methods_give_ordered_quantiles_and_sane_means(method: str) -> None:
    rng = np.random.default_rng(4)
    history = always_on_hand("s", date(2015, 1, 1), rng.poisson(300, 48).astype(np.float64), Frequency.MONTH)
    score, (made,) = Replay.of([history], Protocol("M", 3, 1, 3, 1)).run(method, lambda: None)
    assert made.mean == pytest.approx(np.full((1, 3), 300), rel=0.2)
    assert (np.diff(made.quantiles, axis=-1) >= 0).all()
    assert score.series_per_s > 0


def test_help_shows_examples() -> None:
    code, output = run("--help")
    assert code == 0
    assert "registrations.csv" in output
