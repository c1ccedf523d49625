"""``python -m bench.closed_loop.tuning``: try each contender's grid on the tuning seeds, which are never scored."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from itertools import product
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console

from bench.closed_loop.contenders import CONTENDERS, DOSO, ORACLE, SEGMENT_ORACLE, TUNING_SEEDS
from bench.closed_loop.physics import Physics
from bench.closed_loop.trial import play

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ORACLES: Final[Mapping[str, Sequence[Any]]] = {
    "opening_to_market": (1.02, 1.05), "slot_value": (0.0, 5.0, 10.0, 20.0, 30.0), "least_gain": (0.0, 5.0),
}  # fmt: skip
GRIDS: Final[Mapping[str, Mapping[str, Sequence[Any]]]] = {
    "replace_sold": {"opening_to_market": (1.0, 1.02, 1.04, 1.05, 1.06), "out_at": (75, 90, 120)},
    "days_supply": {"opening_to_market": (1.02, 1.04, 1.06), "out_at": (90, 120), "days": (35.0, 45.0, 60.0, 75.0)},
    DOSO: {"opening_to_market": (1.0, 1.02, 1.05, 1.08)},
    SEGMENT_ORACLE: _ORACLES,
    ORACLE: _ORACLES,
}


def settings_of(name: str) -> Iterator[dict[str, Any]]:
    """List a contender's grid; raises KeyError for a name that is not among the contenders."""
    grid = GRIDS[name]
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def tune(
    only: Annotated[str, typer.Option(help=f"One of {', '.join(CONTENDERS)}; all if absent.")] = "",
    jobs: Annotated[int, typer.Option(min=1, max=128, help="Games played at a time.")] = 2,
) -> None:
    """Print each contender's mean net profit over the tuning seeds for every setting of its grid, best first.

    Beside it stands the mean difference to the settings in force, seed by seed, with its standard error.
    """
    if only and only not in GRIDS:
        raise typer.BadParameter(f"no contender {only!r}; there are {', '.join(GRIDS)}", param_hint="--only")
    out, physics = Console(), Physics()
    with ProcessPoolExecutor(jobs) as pool:
        for name in (only,) if only else CONTENDERS:
            waiting = [
                (settings, [pool.submit(play, name, seed, physics, settings) for seed in TUNING_SEEDS])
                for settings in ({}, *settings_of(name))
            ]
            played = [(settings, [game.result().net_profit for game in games]) for settings, games in waiting]
            in_force = played[0][1]
            for settings, profits in sorted(played[1:], key=lambda each: -fmean(each[1])):
                gain, error = paired(profits, in_force)
                told = f"{gain / 1e3:+,.0f} ± {error / 1e3:,.0f} to those in force"
                out.print(f"{name} ${fmean(profits) / 1e3:,.0f} thousand, {told}: {settings}", highlight=False)


def paired(profits: Sequence[float], reference: Sequence[float]) -> tuple[float, float]:
    """Give the mean difference seed by seed and its standard error, in the unit given.

    Raises:
        ValueError: if the seeds are not the same number, or fewer than two.
    """
    gains = [own - other for own, other in zip(profits, reference, strict=True)]
    if len(gains) < 2:  # one difference has no spread
        message = f"{len(gains)} seeds tell nothing of their spread: give at least two"
        raise ValueError(message)
    return fmean(gains), stdev(gains) / len(gains) ** 0.5


if __name__ == "__main__":
    typer.run(tune)
