"""The comparison as a picture: profit, share over 60 days, and profit as the year goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.closed_loop.contenders import CONTENDERS, DOSO, ORACLE, SEGMENT_ORACLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.closed_loop.comparison import Comparison, Interval
    from bench.closed_loop.trial import Outcome

_COLOURS = {
    "replace_sold": "#9aa5b1",
    "days_supply": "#627d98",
    DOSO: "#d9480f",
    SEGMENT_ORACLE: "#8ce99a",
    ORACLE: "#2f9e44",
}
NAMES = {
    "replace_sold": "replace sold\n(45 days)",
    "days_supply": "fixed days'\nsupply",
    DOSO: "DOSO",
    SEGMENT_ORACLE: "oracle by\nsegment",
    ORACLE: "oracle",
}


def draw(outcomes: Mapping[str, Sequence[Outcome]], compared: Comparison, path: Path) -> None:
    """Draw three panels to a PNG; bars and bands are means over seeds with 95 % bootstrap intervals."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # only pictures need it
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(14, 4.6), layout="constrained")
    profit, aged, time = figure.subplots(1, 3)
    _bars(profit, {name: compared.means[name]["net_profit"] for name in CONTENDERS}, 1e-6)
    profit.set_title("Net profit of the group, $ million")
    _bars(aged, {name: compared.means[name]["share_over_60"] for name in CONTENDERS}, 100.0)
    aged.set_title("Share of stock over 60 days, %")
    for name in CONTENDERS:
        paths = np.cumsum([each.weekly_profit for each in outcomes[name]], axis=1) / 1e6
        weeks = np.arange(1, paths.shape[1] + 1)
        error = 1.96 * paths.std(axis=0) / np.sqrt(len(paths))
        time.plot(weeks, paths.mean(axis=0), color=_COLOURS[name], label=NAMES[name].replace("\n", " "))
        time.fill_between(
            weeks, paths.mean(axis=0) - error, paths.mean(axis=0) + error, color=_COLOURS[name], alpha=0.15
        )
    time.set_title("Profit so far, $ million, before liquidation")
    time.set_xlabel("week")
    time.legend(frameon=False)
    for axes in (profit, aged, time):
        axes.spines[["top", "right"]].set_visible(False)
    over, share = compared.over_baseline, compared.of_oracle
    figure.suptitle(
        f"Closed loop, {compared.seeds} seeds: DOSO {over.value:+.1%} on the better baseline"
        f" [{over.low:+.1%}, {over.high:+.1%}], {share.value:.0%} of the oracle [{share.low:.0%}, {share.high:.0%}]"
    )
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png")


def _bars(axes: Any, intervals: Mapping[str, Interval], scale: float) -> None:
    values = np.array([each.value for each in intervals.values()]) * scale
    low = values - np.array([each.low for each in intervals.values()]) * scale
    high = np.array([each.high for each in intervals.values()]) * scale - values
    bars = axes.bar(
        [NAMES[name] for name in intervals],
        values,
        yerr=np.maximum([low, high], 0.0),
        color=[_COLOURS[name] for name in intervals],
        capsize=4,
    )
    axes.bar_label(bars, [f"{value:.2f}" if scale < 1 else f"{value:.1f}" for value in values], padding=6)
    axes.margins(y=0.15)
