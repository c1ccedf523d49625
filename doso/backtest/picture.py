"""A backtest as a picture: how methods compare, and what DOSO said of the largest series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from services.forecast.domain.distribution import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from doso.backtest.methods import Forecasts
    from doso.backtest.rolling import Replay, Score

_LOWER, _UPPER = LEVELS.index(0.10), LEVELS.index(0.90)
_OWN, _OTHER = "#0b6e4f", "#9aa5b1"
_SHOWN_PERIODS = 36


def draw(path: Path, replay: Replay, scores: Sequence[Score], made: Sequence[Forecasts], method: str) -> None:
    """Write a PNG: MASE by method, and ``made`` by ``method`` from each origin for the largest series."""
    figure, (bars, lines) = plt.subplots(1, 2, figsize=(12, 4.5), width_ratios=[1, 2], layout="constrained")
    known = [score for score in scores if score.mase is not None]
    colours = [_OWN if score.method == "doso" else _OTHER for score in known]
    drawn = bars.barh([score.method for score in known], [score.mase or 0.0 for score in known], color=colours)
    bars.bar_label(drawn, fmt="%.3f", padding=3)
    bars.invert_yaxis()
    bars.set_title("MASE (lower is better)")
    bars.spines[["top", "right"]].set_visible(False)
    row = max(range(len(replay.histories)), key=lambda each: replay.histories[each].values.sum())
    history, protocol = replay.histories[row], replay.protocol
    first = max(0, history.periods - protocol.span - _SHOWN_PERIODS)
    days = [history.frequency.shift(history.first, k) for k in range(history.periods)]
    lines.plot(days[first:], history.values[first:], color="#1f2933", label="actual")
    for place, each in enumerate(made):
        begin = history.periods - protocol.span + protocol.step * place
        ahead = days[begin : begin + protocol.horizon]
        band = each.quantiles[row]
        label = f"{method}, 80 % interval" if place == 0 else None
        lines.fill_between(ahead, band[:, _LOWER], band[:, _UPPER], color=_OWN, alpha=0.25, label=label)
        lines.plot(ahead, each.mean[row], color=_OWN, marker="o", markersize=3)
    lines.set_title(f"{history.name}: {method} from {protocol.origins} origins")
    lines.legend(frameon=False)
    lines.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)
