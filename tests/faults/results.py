"""The table of a run: which faults, how often, what was acknowledged and what became of it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

LATEST = Path(__file__).parent / "results" / "latest.json"
COLUMNS = ("runs", "acknowledged", "effects", "dead letters", "duplicates absorbed", "recovery s")


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one fault; recovery is from the fault's end to rest, in seconds; the note is the row's own."""

    fault: str
    acknowledged: int
    effects: int
    dead_letters: int
    duplicates: int
    recovery_seconds: float
    note: str = ""


DONE: list[Result] = []
FAILED: dict[str, int] = {}
"""Of this session; in a module, because a conftest may be loaded under two names."""


def table(results: list[Result], failed: dict[str, int]) -> list[str]:
    """Give the lines of the table, a fault a line: sums over its runs, and its longest recovery."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[result.fault].append(result)
    for fault in failed:
        groups.setdefault(fault, [])
    width = max((len(fault) for fault in groups), default=5)
    lines = [f"{'fault':<{width}}  " + "  ".join(f"{name:>12}" for name in COLUMNS)]
    for fault, runs in sorted(groups.items()):
        bad = failed.get(fault, 0)
        cells = [
            f"{len(runs)} of {len(runs) + bad}",
            str(sum(run.acknowledged for run in runs)),
            str(sum(run.effects for run in runs)),
            str(sum(run.dead_letters for run in runs)),
            str(sum(run.duplicates for run in runs)),
            f"{max((run.recovery_seconds for run in runs), default=0.0):.1f}",
        ]
        told = "  ".join(f"{c:>{max(12, len(n))}}" for c, n in zip(cells, COLUMNS, strict=True))
        notes = "; ".join(run.note for run in runs if run.note)
        lines.append(f"{fault:<{width}}  {told}  {notes}".rstrip())
    return lines


def write(results: list[Result], failed: dict[str, int], to: Path = LATEST) -> None:
    """Write every run as JSON."""
    to.parent.mkdir(exist_ok=True)
    to.write_text(json.dumps({"runs": [asdict(result) for result in results], "failed": failed}, indent=2))
