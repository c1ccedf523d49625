"""The replay on the terminal and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from doso.console import out

if TYPE_CHECKING:
    from pathlib import Path

    from doso.backtest.decisions.reading import History
    from doso.backtest.decisions.replay import Replay

_WORST = 8
_TITLES = {"wholesale": "to the lane early", "reprice": "cut early"}


def show(history: History, played: Replay, figures: dict[str, Any]) -> None:
    """Print the tables, the units on which most was at stake, and what none of it can show."""
    months = played.months
    span = f": advice of {len(months)} months, {months[0]} to {months[-1]}, against the records up to {history.as_of}"
    out.print(Text.assemble("\n", (history.dealer, "bold"), span))
    for note in history.notes:
        out.print(note, style="yellow")
    _units(figures)
    _purchases(figures)
    _worst(played)
    out.print("\nWhat this cannot show", style="bold")
    for limit in figures["limits"]:
        out.print(f"· {limit}", highlight=False)


def _units(figures: dict[str, Any]) -> None:
    table = Table(title="\nUnits on the lot, first advice to each", title_justify="left", box=box.SIMPLE_HEAD)
    for name in (
        "advice",
        "units",
        "still here",
        "left after",
        "was right",
        "gain a unit [95 %]",
        "missed",
        "spared",
    ):
        table.add_column(name, justify="left" if name == "advice" else "right")
    for action, title in _TITLES.items():
        row = figures["units"][action]
        judged = row["advised"] - row["still_here"]
        days = "–" if row["median_days_after"] is None else f"{row['median_days_after']:.0f} d"
        table.add_row(
            title,
            str(row["advised"]),
            str(row["still_here"]),
            days,
            f"{row['right']} of {judged}",
            _interval(row["gain_per_unit"]),
            _money(row["missed"]),
            _money(row["spared"]),
        )
    out.print(table)
    _confidence(figures)
    out.print(
        "missed: what following would have gained where it was right; spared: what not following it gained"
        " where it was wrong.",
        highlight=False,
        style="dim",
    )


def _confidence(figures: dict[str, Any]) -> None:
    table = Table(title="\nConfidence, against how often it proved right", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("advice", "judged", "claimed", "right", "calibration error"):
        table.add_column(name, justify="left" if name == "advice" else "right")
    for action, row in figures["confidence"].items():
        if row["n"]:
            title = _TITLES.get(action, "bought as advised")
            table.add_row(title, str(row["n"]), f"{row['stated']:.0%}", f"{row['right']:.0%}", f"{row['error']:.0%}")
    out.print(table)


def _purchases(figures: dict[str, Any]) -> None:
    table = Table(title="\nWhat the store bought", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("vehicles", "bought", "sold in 60 days", "net a unit [95 %]"):
        table.add_column(name, justify="left" if name == "vehicles" else "right")
    for name, title in (("advised", "that advice asked for"), ("not_advised", "that it did not")):
        row = figures["purchases"][name]
        sold = row["sold_within_60_days"]["mean"]
        share = "–" if sold is None else f"{sold:.0%} of {row['sold_within_60_days']['n']}"
        table.add_row(title, str(row["units"]), share, _interval(row["net_per_unit"]))
    out.print(table)
    out.print(f"Advised less not advised, a unit: {_interval(figures['difference_per_unit'])}", highlight=False)
    rest = figures["not_bought"]
    if rest["units"]:
        out.print(
            f"Advised and not bought: {rest['units']} units in {rest['segments']} segments; the store sold"
            f" {rest['sold_anyway']} of those segments in the 60 days after from what it had. The engine claimed"
            f" {_money(rest['claimed'])} for them; nobody can check that.",
            highlight=False,
        )


def _worst(played: Replay) -> None:
    calls = sorted((each for each in played.unit_calls if each.gain is not None), key=lambda each: -(each.gain or 0))
    if not calls:
        return
    table = Table(title="\nMost at stake, right and wrong", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("vehicle", "advice", "on", "age", "sure", "advised", "left after", "brought", "gain"):
        table.add_column(name, justify="left" if name in {"vehicle", "advice"} else "right")
    shown = calls if len(calls) <= 2 * _WORST else [*calls[:_WORST], *calls[-_WORST:]]
    for each in shown:
        table.add_row(
            each.label,
            each.action,
            each.day.isoformat(),
            f"{each.age_days} d",
            f"{each.confidence:.0%}",
            _money(each.advised),
            f"{each.days_after} d",
            _money(each.brought or 0.0),
            _money(each.gain or 0.0),
        )
    out.print(table)


def draw(history: History, played: Replay, figures: dict[str, Any], path: Path) -> None:
    """Draw to a PNG: gains by unit as advised, and net a unit of purchases advised or not."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # only pictures need it
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for action, colour in (("wholesale", "#c92a2a"), ("reprice", "#1971c2")):
        calls = [each for each in played.unit_calls if each.action == action and each.gain is not None]
        days, gains = [each.days_after for each in calls], [each.gain for each in calls]
        left.scatter(days, gains, s=18, alpha=0.7, color=colour, label=f"{_TITLES[action]} ({len(calls)})")
    left.axhline(0, color="black", linewidth=0.8)
    left.set_xlabel("days the unit still stood")
    left.set_title("Gain had the advice been taken, a unit")
    left.legend(frameon=False)
    rows = [figures["purchases"][name]["net_per_unit"] for name in ("advised", "not_advised")]
    means = [row["mean"] or 0.0 for row in rows]
    error = [
        [mean - (row["low"] if row["low"] is not None else mean) for mean, row in zip(means, rows, strict=True)],
        [(row["high"] if row["high"] is not None else mean) - mean for mean, row in zip(means, rows, strict=True)],
    ]
    names = [f"{title}\n({row['n']} sold)" for title, row in zip(("advised", "not advised"), rows, strict=True)]
    right.bar(names, means, yerr=error, capsize=4, color=["#d9480f", "#868e96"])
    right.set_title("Net of what the store bought, a unit")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{history.dealer}: {len(played.months)} months replayed to {history.as_of}")
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png")


def _interval(row: dict[str, Any]) -> str:
    if row["mean"] is None:
        return "–"
    if row["low"] is None:
        return f"{_money(row['mean'])} (one case)"
    return f"{_money(row['mean'])} [{_money(row['low'])}, {_money(row['high'])}]"


def _money(amount: float) -> str:
    return f"{'-' if round(amount) < 0 else ''}${abs(amount):,.0f}"
