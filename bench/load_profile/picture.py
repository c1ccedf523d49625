"""The load profile as a picture: what waited at each rate, in the burst, what an event costs, and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.load_profile.trial import GENERATOR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.load_profile.burst import Burst
    from bench.load_profile.trial import Trial


def draw(trials: Sequence[Trial], soak: Trial, drained: Burst, sustained: float, path: Path) -> None:
    """Draw four panels to a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # only pictures need it
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(15, 8), layout="constrained")
    (search, burst), (cost, memory) = figure.subplots(2, 2)
    for trial in sorted(trials, key=lambda each: each.rate):
        style = "-" if trial.holds else "--"
        times = [reading.at for reading in trial.readings]
        search.plot(times, [reading.waiting for reading in trial.readings], style, label=f"{trial.rate:,.0f}/s")
    search.set_title("Events that wait, by rate (dashed: grew)")
    search.legend(frameon=False)
    burst.plot(*zip(*drained.waiting, strict=True), color="#d9480f")
    burst.set_title(f"Events that wait: {drained.base:,.0f} to {drained.rate:,.0f} events/s and back")
    costs = sorted((item for item in soak.per_event().items() if item[0] != GENERATOR), key=lambda item: item[1])
    cost.bar_label(cost.barh([part for part, _ in costs], [each for _, each in costs]), fmt="%.0f", padding=4)
    cost.set_title(f"Processor time at {soak.rate:,.0f} events/s, µs an event")
    for part in soak.weighed():
        sizes = [weighing.resident.get(part, 0.0) for weighing in soak.weighings]
        memory.plot([weighing.at for weighing in soak.weighings], sizes, label=part)
    memory.set_title("Memory over the soak, MB")
    memory.legend(frameon=False, fontsize="small", ncols=3)
    for axes in (search, burst, memory):
        axes.set_xlabel("seconds")
        axes.set_ylim(bottom=0)
    for axes in (search, burst, cost, memory):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"Sustained: {sustained:,.0f} events/s")
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png")
