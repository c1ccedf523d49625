"""Dated series out of any CSV: whole periods, gaps and duplicates decided, and everything decided said."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.frequency import Frequency
from services.forecast.domain.series import History, always_on_hand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MISSING = {"", "na", "n/a", "nan", "null", "none", "-"}
_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%Y-%m",
    "%Y/%m",
    "%Y%m%d",
    "%Y%m",
    "%b %Y",
    "%B %Y",
    "%Y",
)
_LISTED = 8


class UnreadableSeriesError(Exception):
    """A file that holds no series as described; the message says what, where, and what to do."""


@dataclass(frozen=True, slots=True)
class SeriesFile:
    """The series of a file, all ending with its last period, and what had to be decided about its rows."""

    histories: tuple[History, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Reading:
    values: dict[str, dict[date, float]] = field(default_factory=lambda: defaultdict(dict))
    duplicates: list[str] = field(default_factory=list)
    blanks: int = 0
    rows: int = 0


def read_series(
    path: Path,
    *,
    dates: Sequence[str],
    series: str | None,
    value: str,
    frequency: Frequency,
    least: int,
    length: int = 1,
) -> SeriesFile:
    """Read a CSV with a header into one history per series, aligned at the file's last period.

    ``dates``: one column of dates, or year with month, quarter or ISO week, or year, month and day.
    ``series``: the column that names the series; None for a file of one. Values of one series and period
    are added up. Series begin with their first row; periods without a row are 0 in a file of whole numbers
    and interpolated otherwise. Left out are those with fewer than ``least`` periods with a row, or fewer than
    ``length`` from their first row to the file's last period.
    Raises UnreadableSeriesError for missing columns, unreadable dates or values, or nothing left.
    """
    reading = _rows(path, dates, series, value, frequency)
    notes = []
    if reading.blanks:
        notes.append(f"{reading.blanks} of {reading.rows} rows have no value and were skipped")
    if reading.duplicates:
        shown = _some(reading.duplicates)
        notes.append(f"{len(reading.duplicates)} duplicate dates, whose values were added up: {shown}")
    last = max((max(periods) for periods in reading.values.values()), default=date.min)
    lengths = {name: frequency.between(min(each), last) + 1 for name, each in reading.values.items()}
    short = sorted(name for name, count in lengths.items() if count < length)
    if short:
        shown = _some([f"{name} ({lengths[name]})" for name in short])
        notes.append(f"{len(short)} series shorter than {length} periods left out: {shown}")
    rare = sorted(name for name, each in reading.values.items() if len(each) < least and name not in short)
    if rare:
        shown = _some([f"{name} ({len(reading.values[name])})" for name in rare])
        notes.append(f"{len(rare)} series with rows in fewer than {least} periods left out: {shown}")
    negative = sorted(
        {name for name, periods in reading.values.items() if min(periods.values()) < 0} - {*short, *rare}
    )
    if negative:
        notes.append(f"{len(negative)} series with negative values left out: {_some(negative)}")
    kept = {name: periods for name, periods in reading.values.items() if name not in {*short, *rare, *negative}}
    if not kept:
        because = "; ".join(notes) or "the file has no rows"
        message = f"no series left to backtest in {path.name}: {because}"
        raise UnreadableSeriesError(message)
    histories, filled = _histories(kept, frequency, last)
    if filled:
        counts = all(number.is_integer() for periods in kept.values() for number in periods.values())
        how = "filled with 0, as counts" if counts else "interpolated, as these are not counts"
        shown = _some([f"{name} ({count})" for name, count in filled.items()])
        notes.append(f"{sum(filled.values())} periods without a row {how}: {shown}")
    return SeriesFile(tuple(histories), tuple(notes))


def _rows(path: Path, dates: Sequence[str], series: str | None, value: str, frequency: Frequency) -> _Reading:
    reading = _Reading()
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        sample = file.read(4096)
        file.seek(0)
        delimiter = max(",;\t|", key=sample.partition("\n")[0].count)
        table = csv.reader(file, delimiter=delimiter)
        header = [name.strip() for name in next(table, [])]
        wanted = [*dates, *([series] if series else []), value]
        if missing := [name for name in wanted if name not in header]:
            message = f"no column {', '.join(missing)} in {path.name}; it has: {', '.join(header) or 'nothing'}"
            raise UnreadableSeriesError(message)
        places = {name: header.index(name) for name in wanted}
        for cells in table:
            if not any(cell.strip() for cell in cells):
                continue
            reading.rows += 1
            where = f"{path.name}, line {table.line_num}"
            row = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
            if row[value].casefold() in _MISSING:
                reading.blanks += 1
                continue
            start = frequency.floor(_day([row[name] for name in dates], frequency, where))
            name = row[series] if series else value
            number = _number(row[value], where)
            periods = reading.values[name]
            if start in periods:
                reading.duplicates.append(f"{name} {start}")
            periods[start] = periods.get(start, 0.0) + number
    return reading


def _histories(
    kept: dict[str, dict[date, float]], frequency: Frequency, last: date
) -> tuple[list[History], dict[str, int]]:
    counts = all(number.is_integer() for periods in kept.values() for number in periods.values())
    histories, filled = [], {}
    for name, periods in sorted(kept.items()):
        first = min(periods)
        starts = [frequency.shift(first, k) for k in range(frequency.between(first, last) + 1)]
        values = np.array([periods.get(start, np.nan) for start in starts])
        absent = np.isnan(values)
        if absent.any():
            filled[name] = int(absent.sum())
            known = np.flatnonzero(~absent)
            values[absent] = 0.0 if counts else np.interp(np.flatnonzero(absent), known, values[known])
        histories.append(always_on_hand(name, first, values, frequency))
    return histories, filled


def _day(cells: Sequence[str], frequency: Frequency, where: str) -> date:
    try:
        if len(cells) == 1:
            return _one_cell(cells[0])
        numbers = [int(float(cell)) for cell in cells]
        if len(numbers) == 2 and frequency is Frequency.WEEK:  # noqa: PLR2004 - year and week
            return date.fromisocalendar(numbers[0], numbers[1], 1)
        if len(numbers) == 2 and frequency is Frequency.QUARTER:  # noqa: PLR2004 - year and quarter
            return date(numbers[0], 3 * numbers[1] - 2, 1)
        return date(numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else 1)  # noqa: PLR2004
    except ValueError:
        read = " ".join(cells)
        message = f"{where}: {read!r} is no date; use ISO dates, or --date with the columns of year and month"
        raise UnreadableSeriesError(message) from None


def _one_cell(text: str) -> date:
    year, quarter, number = text.upper().replace("-", "").partition("Q")
    if quarter and year.isdigit() and number.isdigit():
        return date(int(year), 3 * int(number) - 2, 1)
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        pass
    for each in _FORMATS:
        try:
            return datetime.strptime(text, each).date()  # noqa: DTZ007 - a day of the file's own calendar
        except ValueError:
            continue
    raise ValueError(text)


def _number(text: str, where: str) -> float:
    try:
        number = float(text.replace(",", "").replace(" ", "").replace("\u00a0", ""))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        message = f"{where}: {text!r} is no number; leave what is missing empty"
        raise UnreadableSeriesError(message)
    return number


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
