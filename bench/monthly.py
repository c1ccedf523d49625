"""Monthly forecasts of real registrations by make, against the libraries' methods on the same origins."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.tables import Limit, Mark, Row, Table, once
from doso.backtest.rolling import Protocol, Replay
from doso.backtest.series_file import read_series
from services.forecast.domain.frequency import Frequency

if TYPE_CHECKING:
    from bench.options import Options
    from bench.progress import Steps

DATA = "DOSO_BENCH_DATA"
FILE = Path("norway") / "norway_new_car_sales_by_make.csv"
HORIZON, ORIGINS, STEP, LEAST = 3, 6, 3, 109
METHODS = ("doso", "seasonal_naive", "prophet", "auto_ets")
_MASE, _SERIES_PER_SECOND = 0.815, 24.0
_COVERAGE = (0.78, 0.85)


async def measure(options: Options, steps: Steps) -> Table:  # noqa: ARG001 - every table's signature
    """Backtest every method on the makes with at least 109 months; a table with a note where data is absent."""
    table = Table("monthly", f"Monthly registrations by make: {ORIGINS} origins, 1 to {HORIZON} months ahead")
    folder = os.environ.get(DATA)
    path = Path(folder or "") / FILE
    if not folder or not path.is_file():
        reason = f"no {FILE} in {folder}" if folder else f"set {DATA} to the folder that holds {FILE}"
        table.notes.append(f"skipped: {reason}")
        return table
    await asyncio.to_thread(_measure, path, table, steps)
    return table


def _measure(path: Path, table: Table, steps: Steps) -> None:
    read = read_series(
        path, dates=("Year", "Month"), series="Make", value="Quantity", frequency=Frequency.MONTH, least=LEAST
    )
    protocol = Protocol(Frequency.MONTH.value, HORIZON, ORIGINS, STEP, len(read.histories))
    replay = Replay.of(read.histories, protocol)
    scores = {}
    with steps.step("rolling origins", total=len(METHODS)) as advance:
        for place, method in enumerate(METHODS):
            scores[method], _ = replay.run(method, lambda: None)
            advance(place + 1)
    prophet, ets = (Limit(name, once(scores[name].mase or 0.0)) for name in ("prophet", "auto_ets"))
    speed = Limit("prophet", once(scores["prophet"].series_per_s))
    low, high = _COVERAGE
    for method, score in scores.items():
        own = method == "doso"
        mark = Mark("below", _MASE) if own else None
        error = once(score.mase or 0.0)
        detail = f"WAPE {score.wape or 0.0:.1%}, pinball {score.pinball or 0.0:.3f}"
        table.rows.append(Row(f"{method}: MASE", "", error, (prophet, ets) if own else (), mark, detail))
        cover = once(score.coverage80)
        honest = Mark("at least", low, f"{low} to {high}") if score.coverage80 <= high else Mark("below", high)
        table.rows.append(Row(f"{method}: 80 % interval covers", "", cover, (), honest if own else None))
        rate = once(score.series_per_s)
        pace = Mark("at least", _SERIES_PER_SECOND) if own else None
        table.rows.append(Row(f"{method}: speed", "series/s", rate, (speed,) if own else (), pace))
    table.notes += [f"{protocol.series} makes with {LEAST} months or more", *read.notes]
