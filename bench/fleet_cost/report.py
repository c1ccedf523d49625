"""What the queries cost as a table: for each, how much more than in a fleet of ten rooftops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.tables import Mark, Row, Table, once, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.fleet_cost.cost import Cost

SMALL_FLEET = 10
MOST_TIMES = Mark("below", 2.000_1, "≤ 2×")
FEW_PAGES = 20
QUICK_MILLISECONDS = 1.0
"""A path below both is not told apart from one that costs nothing."""


def table(costs: Sequence[Cost], sizes: Sequence[int]) -> Table:
    """Write a row per path: how many times dearer it is in the fleet, of those larger than ten, that is worst."""
    written = Table("fleet", f"Queries about one dealer group of ten rooftops, in fleets of up to {max(sizes):,}")
    by_path: dict[tuple[str, str], dict[int, Cost]] = {}
    for cost in costs:
        by_path.setdefault((cost.service, cost.name), {})[cost.rooftops] = cost
    for (service, name), at in by_path.items():
        written.rows.append(_row(f"{service}: {name}", at))
    slow = [row for row in written.rows if row.met is False]
    worst = {row.name: _scans(by_path[_key(row.name)][max(sizes)]) for row in slow}
    written.notes += [f"{name}: {scans}" for name, scans in worst.items()]
    written.notes += [
        "pages of 8 kB touched in the shared buffers, by EXPLAIN (ANALYZE, BUFFERS): other load does not change them",
        "each as its service's own role under row-level security; times are the quickest of several runs",
        "ratios of times are of times beside a statement that costs the same in every fleet",
        (
            "dearer: the lesser of the ratios of pages and of milliseconds; a small table is read whole, which"
            " touches fewer pages than an index does later, and time alone is other load's too"
        ),
    ]
    return written


def dearer(small: Cost, large: Cost) -> float:
    """Tell how many times the cost of one is that of the other: by pages or by time, whichever is less.

    Time is taken beside the yardstick, as the machine may have been quicker when the other was measured.
    """
    pages = max(large.buffers, FEW_PAGES) / max(small.buffers, FEW_PAGES)
    pace = min(small.yardstick, large.yardstick)
    before, after = (cost.milliseconds * pace / cost.yardstick for cost in (small, large))
    times = max(after, QUICK_MILLISECONDS) / max(before, QUICK_MILLISECONDS)
    return min(pages, times)


def _row(name: str, at: Mapping[int, Cost]) -> Row:
    small = at[SMALL_FLEET]
    ratio = max((dearer(small, cost) for size, cost in at.items() if size > SMALL_FLEET), default=1.0)
    sizes = " / ".join(f"{size:,}" for size in at)
    pages = " / ".join(f"{cost.buffers:,}" for cost in at.values())
    times = " / ".join(shown(cost.milliseconds) for cost in at.values())
    yardsticks = " / ".join(shown(cost.yardstick) for cost in at.values())
    detail = f"at {sizes}: {pages} pages, {times} ms (yardstick {yardsticks})"
    return Row(name, "× dearer", once(ratio), (), MOST_TIMES, detail)


def _key(name: str) -> tuple[str, str]:
    service, _, path = name.partition(": ")
    return service, path


def _scans(cost: Cost) -> str:
    return ", ".join(sorted({scan for statement in cost.statements for scan in statement.scans}))
