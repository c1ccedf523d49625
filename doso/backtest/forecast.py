"""``doso backtest forecast``: any CSV of dated series, forecast from its own past and scored."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from doso.console import err, fail, out

if TYPE_CHECKING:
    from doso.backtest.methods import Forecasts
    from doso.backtest.rolling import Replay, Score

USUAL_METHODS = "doso,seasonal_naive,prophet,auto_ets"
_FREQUENCIES = "DWMQY"


def forecast(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV with a header, one row a date.")],
    date: Annotated[str, typer.Option(help="Column of the date, or columns of year and month: `Year,Month`.")],
    value: Annotated[str, typer.Option(help="Column of the figure to forecast.")],
    series: Annotated[str, typer.Option(help="Column that names the series; none for a file of one.")] = "",
    freq: Annotated[str, typer.Option(help="D, W (Mondays), M, Q or Y.")] = "M",
    horizon: Annotated[int, typer.Option(min=1, max=104, help="Periods forecast from each origin.")] = 3,
    origins: Annotated[int, typer.Option(min=1, max=60, help="How often the past is forecast.")] = 6,
    step: Annotated[int, typer.Option(min=1, max=104, help="Periods between origins.")] = 3,
    methods: Annotated[
        str, typer.Option(help="Of doso, seasonal_naive, prophet, auto_ets, auto_arima (slow).")
    ] = USUAL_METHODS,
    least: Annotated[int, typer.Option(min=1, help="Leave out series with rows in fewer periods.")] = 12,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    png: Annotated[Path | None, typer.Option(help="Draw a picture here.")] = None,
) -> None:
    """Forecast the past of any dated series from further back, and compare methods by how right they were.

    At each origin every method sees only what lay before. MASE and pinball are in units of each series' own
    seasonal naive error; WAPE is total error over total sales; 80 % intervals should hold 80 % of the time.

    Examples:
    `doso backtest forecast sales.csv --date month --series model --value units`

    `doso backtest forecast registrations.csv --date Year,Month --series Make --value Quantity --json out.json`

    `doso backtest forecast weekly.csv --date week --series segment --value sold --freq W --horizon 4 --step 4`
    """
    from doso.backtest.methods import METHODS
    from doso.backtest.rolling import Protocol, Replay, periods_needed
    from doso.backtest.series_file import UnreadableSeriesError, read_series
    from services.forecast.domain.frequency import Frequency

    if freq.upper() not in _FREQUENCIES or len(freq) != 1:
        fail(f"--freq is one of {', '.join(_FREQUENCIES)}, not {freq!r}", code=2)
    chosen = list(dict.fromkeys(name.strip() for name in methods.split(",") if name.strip()))
    if not chosen or (unknown := [name for name in chosen if name not in METHODS]):
        fail(f"no method {', '.join(unknown) if chosen else 'named'}; there are {', '.join(METHODS)}", code=2)
    frequency = Frequency(freq.upper())
    span = horizon + step * (origins - 1)
    needed = periods_needed(frequency.season_length, span)
    columns = [name.strip() for name in date.split(",")]
    try:
        read = read_series(
            file,
            dates=columns,
            series=series or None,
            value=value,
            frequency=frequency,
            least=least,
            length=needed,
        )
    except UnreadableSeriesError as error:
        fail(str(error))
    for note in read.notes:
        err.print(note, style="yellow", highlight=False, soft_wrap=True)
    protocol = Protocol(frequency.value, horizon, origins, step, len(read.histories))
    replay = Replay.of(read.histories, protocol)
    scores, made = _measure(replay, chosen)
    _print(scores, replay)
    if json_out:
        document = {
            "protocol": {
                "file": file.name, "freq": frequency.value, "horizon": horizon, "origins": origins, "step": step,
                "series": len(read.histories), "last": str(frequency.shift(read.histories[0].end, -1)),
                "scale": "in-sample seasonal naive error of each series", "notes": list(read.notes),
            },
            "methods": [score.as_json() for score in scores],
        }  # fmt: skip
        json_out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if png:
        from doso.backtest.picture import draw

        shown = "doso" if "doso" in made else chosen[0]
        draw(png, replay, scores, made[shown], shown)


def _measure(replay: "Replay", methods: list[str]) -> tuple[list["Score"], dict[str, list["Forecasts"]]]:
    """Run the methods with a bar that tells how far each is."""
    columns = (TextColumn("{task.description:>15}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    scores, made = [], {}
    with Progress(*columns, console=err, transient=True) as progress:
        for method in methods:
            task = progress.add_task(method, total=replay.protocol.origins)
            score, forecasts = replay.run(method, lambda task=task: progress.advance(task))  # type: ignore[misc]
            scores.append(score)
            made[method] = forecasts
    return scores, made


def _print(scores: list["Score"], replay: "Replay") -> None:
    protocol = replay.protocol
    title = f"{protocol.series} series, {protocol.origins} origins, {protocol.horizon} {protocol.frequency} ahead"
    table = Table(title=title, title_justify="left")
    table.add_column("method")
    for name in ("MASE", "WAPE", "pinball", "80 % covers", "series/s"):
        table.add_column(name, justify="right")
    best = min((score.mase for score in scores if score.mase is not None), default=None)
    for score in scores:
        style = "bold green" if score.mase is not None and score.mase == best else ""
        table.add_row(
            score.method,
            *("–" if figure is None else f"{figure:.3f}" for figure in (score.mase,)),
            "–" if score.wape is None else f"{score.wape:.1%}",
            "–" if score.pinball is None else f"{score.pinball:.3f}",
            f"{score.coverage80:.0%}",
            f"{score.series_per_s:,.1f}",
            style=style,
        )
    out.print(table)
