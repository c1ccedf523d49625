"""``python -m bench.closed_loop``: play DOSO, the baselines and the oracle, and compare them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench.closed_loop.comparison import compare
from bench.closed_loop.contenders import CONTENDERS, FIRST_SCORED_SEED
from bench.closed_loop.physics import Physics
from bench.closed_loop.picture import draw
from bench.closed_loop.report import as_json, table
from bench.closed_loop.tournament import play_all

FILE_WIDTH = 150
out, err = Console(), Console(stderr=True)
if not out.is_terminal:
    out = Console(width=FILE_WIDTH)


def closed_loop(
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Worlds to play.")] = 20,
    weeks: Annotated[int, typer.Option(min=4, max=260, help="Weeks that count.")] = 52,
    warm_up: Annotated[int, typer.Option(min=10, max=260, help="Weeks before them, run by whim for a history.")] = 52,
    jobs: Annotated[int, typer.Option(min=1, max=128, help="Games played at a time.")] = 2,
    first_seed: Annotated[int, typer.Option(min=0, help="Seeds from here on.")] = FIRST_SCORED_SEED,
    png: Annotated[Path | None, typer.Option(help="Where a picture goes.")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Where everything is written.")] = None,
) -> None:
    """Play DOSO against two habits of the trade and one who knows the truth, over the same customers.

    Examples:
    `python -m bench.closed_loop`,
    `python -m bench.closed_loop --seeds 4 --weeks 26 --png loop.png --json loop.json`.
    """
    physics = Physics(weeks=weeks, warm_up_weeks=warm_up)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("games", total=seeds * len(CONTENDERS))
        outcomes = play_all(
            range(first_seed, first_seed + seeds),
            physics,
            jobs=jobs,
            on_progress=lambda done: progress.update(task, completed=done),
        )
    compared = compare(outcomes)
    table(outcomes, compared, physics).print(out)
    if png is not None:
        draw(outcomes, compared, png)
    if json_out is not None:
        json_out.write_text(json.dumps(as_json(outcomes, compared, physics), indent=2), encoding="utf-8")


if __name__ == "__main__":
    typer.run(closed_loop)
