"""The daily learning of a group: seconds of one core and memory that a year of its lives takes."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.alone import alone, peak_megabytes
from bench.generated_book import AS_OF, SEED, generated_book
from bench.generated_lives import generated_lives
from bench.statistics import spread
from bench.tables import Mark, Row
from services.recommend.domain import fit_attraction, fit_pace

if TYPE_CHECKING:
    from bench.progress import Steps
    from bench.tables import Table


@dataclass(frozen=True, slots=True)
class Year:
    """A year of ``lives`` of a group; what learning from it may take, in seconds and in megabytes."""

    lives: int
    rooftops: int = 30
    vehicles: int = 10_000
    seconds: float = 60.0
    megabytes: float = 1_000.0

    @property
    def name(self) -> str:
        """Say what is learned from."""
        return f"learning from {self.lives:,} lives of {self.rooftops} rooftops"


@dataclass(frozen=True, slots=True)
class Learned:
    """What learning took, and of how many sales it told; nothing where it found no model to trust."""

    pace_seconds: float
    attraction_seconds: float
    megabytes: float
    pace_sales: int | None
    attraction_sales: int | None

    @property
    def seconds(self) -> float:
        """Give the time of both, which are learned one after the other."""
        return self.pace_seconds + self.attraction_seconds


YEARS = (Year(20_000), Year(70_000))


def add_learning(table: Table, repeats: int, steps: Steps) -> None:
    """Learn from each year in a process of its own, and add rows and notes of it to a table."""
    with steps.step("learning from made-up lives", total=repeats * len(YEARS)) as advance:
        for place, year in enumerate(YEARS):
            runs = []
            for repeat in range(repeats):
                runs.append(alone(_learn, year))
                advance(place * repeats + repeat + 1)
            seconds, pace, attraction, megabytes = (
                spread([getattr(run, name) for run in runs])
                for name in ("seconds", "pace_seconds", "attraction_seconds", "megabytes")
            )
            parts = f"pace {pace.median:.1f} s, attraction {attraction.median:.1f} s"
            table.rows.append(Row(year.name, "s", seconds, mark=Mark("below", year.seconds), detail=parts))
            table.rows.append(Row(f"{year.name}: memory", "MB", megabytes, mark=Mark("below", year.megabytes)))
            table.notes.append(
                f"{year.name}: {_told('pace', runs[-1].pace_sales)}; {_told('attraction', runs[-1].attraction_sales)}"
            )
    table.notes.append(
        "lives are made up: prices cut every two weeks, sales the likelier a day the less is asked, half of the"
        " units new (of which only the pace is learned); reading and unpacking them is not in the figures"
    )


def _told(what: str, sales: int | None) -> str:
    return f"no {what} to trust" if sales is None else f"{what} of {sales:,} sales"


def _learn(year: Year) -> Learned:
    book = replace(generated_book(year.rooftops, year.vehicles, SEED), units=(), attraction=None)
    lives = generated_lives(year.rooftops, year.lives, SEED)
    began = time.process_time()
    pace = fit_pace(book, lives, AS_OF)
    between = time.process_time()
    attraction = fit_attraction(book, lives, AS_OF)
    ended = time.process_time()
    return Learned(
        pace_seconds=between - began,
        attraction_seconds=ended - between,
        megabytes=peak_megabytes(),
        pace_sales=pace.sales if pace else None,
        attraction_sales=attraction.sales if attraction else None,
    )
