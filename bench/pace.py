"""How quick the machine is just now: on a shared one, the same code takes twice as long an hour later."""

from __future__ import annotations

import time

_ADDITIONS = 1_000_000
_RUNS = 3


def pace() -> float:
    """Give the milliseconds of a million additions in this interpreter, the quickest of a few runs."""
    return min(_once() for _ in range(_RUNS))


def _once() -> float:
    began, total = time.perf_counter(), 0
    for number in range(_ADDITIONS):
        total += number * number
    return 1e3 * (time.perf_counter() - began)
