"""How well days to sell are foretold: on a real panel of adverts where there is one, and on a generated group."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.statistics import spread
from bench.tables import Limit, Row, Table, once
from bench.time_to_sale.group_histories import group_histories
from bench.time_to_sale.panel import LISTINGS, PRICES, read_panel
from bench.time_to_sale.panel_histories import panel_histories
from bench.time_to_sale.trials import METHODS, by_time, by_unit
from services.recommend.domain.time_to_sale import HazardModel, UnitFeatures

if TYPE_CHECKING:
    from bench.options import Options
    from bench.progress import Steps
    from bench.time_to_sale.histories import History
    from bench.time_to_sale.scores import Scores

DATA = "DOSO_BENCH_DATA"
"""Names the folder that holds the panel."""
GROUP_AS_OF, GROUP_SEED = date(2026, 3, 2), 20
PANEL_SPLIT, GROUP_SPLIT = date(2024, 1, 31), GROUP_AS_OF - timedelta(days=90)
UNITS, PRICES_EACH, DAYS = 3_000, 13, 120
_FIGURES = (("concordance", ""), ("calibration error", "of the chance in 30 days"), ("Brier", "over 60 days"))


async def measure(options: Options, steps: Steps) -> Table:
    """Score the model on held-out units and on later days, beside what it has to beat."""
    return await asyncio.to_thread(_measure, options.repeats, steps)


def _measure(repeats: int, steps: Steps) -> Table:
    table = Table(
        "time_to_sale", "Days to sell, foretold: units held out by fifths, and units standing on a later day"
    )
    sources: dict[str, Callable[[], tuple[list[History], date]]] = {
        "panel": _panel,
        "generated group": lambda: (group_histories(GROUP_SEED, GROUP_AS_OF), GROUP_SPLIT),
    }
    with steps.step("fit and foretell", total=2 * len(sources) + 1) as advance:
        for place, (name, source) in enumerate(sources.items()):
            missing = _missing() if name == "panel" else None
            if missing:
                table.notes.append(f"{name}: skipped, {missing}")
                advance(2 * place + 2)
                continue
            histories, day = source()
            since = day if name == "panel" else date.min
            _add(table, f"{name}, units held out", by_unit(histories, since))
            advance(2 * place + 1)
            _add(table, f"{name}, standing on {day}", by_time(histories, day))
            advance(2 * place + 2)
        table.rows.append(_speed(repeats))
    table.notes += [
        "limit: the same figure by the prior alone, by the parameters' defaults and by Kaplan-Meier",
        f"panel: the prior was read from adverts that appeared before {PANEL_SPLIT}, questions are of later ones",
        "panel: an advert that ended is taken for a sale, which some are not; those begun before it are left out",
        "generated group: market price without error, demand the segment's sales of 90 days, wholesale is unsold",
    ]
    return table


def _panel() -> tuple[list[History], date]:
    return panel_histories(read_panel(Path(os.environ[DATA]))), PANEL_SPLIT


def _missing() -> str | None:
    """Say why the panel cannot be read; None where it can."""
    folder = os.environ.get(DATA)
    if not folder:
        return f"{DATA} names no folder"
    absent = [name for name in (LISTINGS, PRICES) if not (Path(folder) / name).is_file()]
    return f"there is no {' nor '.join(absent)} in the folder that {DATA} names" if absent else None


def _add(table: Table, name: str, scores: dict[str, Scores]) -> None:
    fitted = scores["fitted"]
    for place, (figure, of) in enumerate(_FIGURES):
        values = {method: _figures(each)[place] for method, each in scores.items()}
        limits = tuple(Limit(method, once(values[method])) for method in METHODS[1:])
        detail = f"{fitted.units} units, {fitted.sales} sold in 60 days"
        table.rows.append(Row(f"{name}: {figure}", of, once(values["fitted"]), limits, detail=detail))


def _figures(scores: Scores) -> tuple[float, float, float]:
    return scores.concordance, scores.calibration_error, scores.brier


def _speed(repeats: int) -> Row:
    rng, model = np.random.default_rng(3), HazardModel.of_prior()
    market = rng.uniform(10_000, 50_000, UNITS)
    features = UnitFeatures.of(GROUP_AS_OF, market, rng.integers(0, 120, UNITS).astype(float))
    prices = market[:, None] * np.linspace(0.9, 1.08, PRICES_EACH)
    took = []
    for _ in range(repeats):
        began = time.process_time()
        model.survival(features, prices, DAYS)
        took.append(time.process_time() - began)
    return Row(f"{UNITS:,} units × {PRICES_EACH} prices × {DAYS} days", "processor s", spread(took))
