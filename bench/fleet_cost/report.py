"""What the queries cost as a table: a row each, at a thousand rooftops beside ten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.tables import Limit, Mark, Row, Table, once, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.fleet_cost import Cost

MOST_TIMES = 2.0
SMALL = 20
"""Pages; a path that touches fewer is not told apart by a few levels of an index."""


def table(costs: Sequence[Cost], sizes: Sequence[int]) -> Table:
    """Write a row per path: pages at the largest fleet, beside those of the same group at ten rooftops."""
    written = Table("fleet", f"Queries about one dealer group of ten rooftops, among {max(sizes):,}")
    by_path: dict[tuple[str, str], dict[int, Cost]] = {}
    for cost in costs:
        by_path.setdefault((cost.service, cost.name), {})[cost.rooftops] = cost
    for (service, name), at in by_path.items():
        small, large = at[10], at[max(sizes)]
        most = max(MOST_TIMES * small.buffers, SMALL) + 1
        times = " / ".join(shown(at[size].milliseconds) for size in sizes if size in at)
        pages = " / ".join(f"{at[size].buffers:,}" for size in sizes if size in at)
        written.rows.append(
            Row(
                f"{service}: {name}",
                "pages",
                once(large.buffers),
                (Limit("at 10", once(small.buffers)),),
                Mark("below", most, f"≤ {MOST_TIMES:g}×"),
                f"at {' / '.join(f'{size:,}' for size in sizes)}: {pages} pages, {times} ms",
            )
        )
        if large.buffers >= most:
            scans = sorted({scan for statement in large.statements for scan in statement.scans})
            written.notes.append(f"{service}, {name}: {', '.join(scans)}")
    written.notes += [
        "pages of 8 kB touched in the shared buffers, by EXPLAIN (ANALYZE, BUFFERS), which other load does not change",
        "each as its service's own role under row-level security; times are the quickest of five runs",
        f"a path may touch {MOST_TIMES:g} times as many as at 10 rooftops, or {SMALL} where that is more",
    ]
    return written
