"""Advice for generated books and the learning before it: seconds of one core and memory, up to thirty rooftops."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.alone import alone, peak_megabytes
from bench.generated_book import AS_OF, SEED, generated_book
from bench.learning import add_learning
from bench.statistics import spread
from bench.tables import Mark, Row, Table
from services.recommend.domain import review

if TYPE_CHECKING:
    from bench.options import Options
    from bench.progress import Steps


@dataclass(frozen=True, slots=True)
class Size:
    """A group of ``rooftops`` with ``vehicles`` in all; what its review may take, in seconds and in megabytes."""

    name: str
    rooftops: int
    vehicles: int
    seconds: float
    megabytes: float = 1_000.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one review took, and what it said."""

    seconds: float
    megabytes: float
    actions: dict[str, int]
    methods: tuple[str, ...]


SIZES = (
    Size("a rooftop of 350", 1, 350, 2.0),
    Size("a group of 30 rooftops and 10,000", 30, 10_000, 60.0),
)


async def measure(options: Options, steps: Steps) -> Table:
    """Review each book, and learn from each year, in a process of its own, so that its memory is nobody else's."""
    return await asyncio.to_thread(_measure, options.repeats, steps)


def _measure(repeats: int, steps: Steps) -> Table:
    table = Table("advice", "Advice of a whole book, and what is learned daily from a year of lives; no I/O")
    with steps.step("reviewing generated books", total=repeats * len(SIZES)) as advance:
        for place, size in enumerate(SIZES):
            runs = []
            for repeat in range(repeats):
                runs.append(alone(_review, size))
                advance(place * repeats + repeat + 1)
            seconds, megabytes = (spread([getattr(run, name) for run in runs]) for name in ("seconds", "megabytes"))
            table.rows.append(Row(size.name, "s", seconds, mark=Mark("below", size.seconds)))
            table.rows.append(Row(f"{size.name}: memory", "MB", megabytes, mark=Mark("below", size.megabytes)))
            said = ", ".join(f"{name} {count}" for name, count in sorted(runs[-1].actions.items()))
            table.notes.append(f"{size.name}: {said}; quantities {' and '.join(runs[-1].methods)}")
    add_learning(table, repeats, steps)
    table.notes += [
        (
            "seconds of processor time of the review or the learning alone; memory is the most its process had,"
            " Python, book and lives in it"
        ),
        "every second rooftop has a floorplan line, a full lot, turn and earn, and a days' supply rule",
    ]
    return table


def _review(size: Size) -> Measured:
    book = generated_book(size.rooftops, size.vehicles, SEED)
    review(generated_book(1, 20, SEED), AS_OF)  # imports
    began = time.process_time()
    found = review(book, AS_OF)
    took = time.process_time() - began
    most = peak_megabytes()
    methods = {
        line.value
        for advice in found.advice
        for line in advice.evidence
        if line.name == "How the quantities were chosen"
    }
    actions = Counter(advice.action.value for advice in found.advice)
    return Measured(took, most, dict(actions), tuple(sorted(methods)))
