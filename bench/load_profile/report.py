"""The load profile as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.load_profile.burst import BURST_SECONDS, TIMES
from bench.load_profile.tenants import ROOFTOPS, STOCK, TENANTS
from bench.load_profile.trial import GENERATOR
from bench.load_profile.usage import WORKERS
from bench.statistics import percentile
from bench.tables import Limit, Mark, Row, Table, once, shown

if TYPE_CHECKING:
    from bench.load_profile.burst import Burst
    from bench.load_profile.probes import Seen
    from bench.load_profile.profile import Profile
    from bench.load_profile.trial import Trial

SUSTAINED = Mark("at least", 5_000.0)
FLOOR = 3_000.0
VISIBLE = Mark("below", 1_000.0)
GROWTH_PER_HALF_HOUR = 0.05
"""Memory is flat when it grows by less than a twentieth in half an hour."""
_HALF_HOUR = 1_800.0
_TELLING_SECONDS = 600.0
"""A shorter soak shows caches filling, and is held against no mark."""


def table(profile: Profile) -> Table:
    """Write what was measured as rows; raises ValueError where nothing was seen."""
    trials, soak, drained = profile.trials, profile.soak, profile.burst
    measured = Table("load", f"Load: six services as processes, soak of {soak[0].seconds:,.0f} s")
    tried = ", ".join(f"{each.rate:,.0f} {'held' if each.holds else f'grew {each.growth:,.0f}/s'}" for each in trials)
    cores = _cores(soak[0])
    measured.rows.append(
        Row(
            "sustained without growing lag",
            "events/s",
            once(profile.sustained),
            (Limit("two cores at this cost", once(2e6 / cores)),),
            SUSTAINED,
            f"tried: {tried}; the floor is {FLOOR:,.0f}",
        )
    )
    measured.rows += _latencies(profile.steady, VISIBLE)
    measured.rows += _latencies(profile.behind, None, " beside what was put off") + _latencies(soak, None)
    measured.rows.append(_overdue(soak[0]))
    measured.rows += _costs(soak[0], cores)
    measured.rows += [_memory(part, soak[0]) for part in soak[0].weighed()]
    measured.rows.append(
        Row(
            f"drained after {TIMES}x for {BURST_SECONDS:g} s",
            "s",
            once(drained.drain_seconds),
            (Limit("at the sustained rate", once(drained.at_best)),),
            detail=f"{drained.base:,.0f} to {drained.rate:,.0f} events/s; at most {_most(drained):,} waited",
        )
    )
    measured.notes += [
        (
            f"{TENANTS} dealer groups of {ROOFTOPS} rooftops with {STOCK} vehicles each; NDJSON, ten bodies a second;"
            " 60 % priced, 20 % updated, 5 % engagement, 7.5 % sold and as many stocked, so that stock stays as it is"
        ),
        (
            "a rate holds when what waits (unsent, unpublished, not consumed by any group) grows by less than 2 % of"
            " it over the last two thirds of a window, or is less than a quarter of a second's events at its end"
        ),
        "visible: from when a POST of its own is due until the row that GET /inventory reads shows the price",
        "beside what was put off: right after the search, while computing catches up; the mark is for once it has",
        "computing put off: the longest that work which was due had waited when somebody looked, by queue",
        (
            "processor time is user and system, with all children, until no event waits any more, what is computed"
            " until then included; the load generator apart"
        ),
        (
            "memory is resident size, of PostgreSQL and of workers the proportional one; what half an hour would add"
            " is drawn on from the slope over the soak's last half; workers come and go, and have no mark"
        ),
    ]
    return measured


def _latencies(run: tuple[Trial, Seen], mark: Mark | None, beside: str = "") -> list[Row]:
    trial, seen = run
    name, rows = f"visible at {trial.rate:,.0f} events/s{beside}", []
    for share, words in ((0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")):
        posted = Limit("POST answered", once(1e3 * percentile(seen.acknowledged, share)))
        detail = f"from its answer {shown(1e3 * percentile(seen.visible, share))} ms; n={len(seen.visible)}"
        figure = once(1e3 * percentile(seen.due_to_visible, share))
        rows.append(Row(f"{name}, {words}", "ms", figure, (posted,), mark if words == "p99" else None, detail))
    return rows


def _overdue(trial: Trial) -> Row:
    longest = sorted(trial.overdue.items(), key=lambda item: -item[1])
    figure = once(longest[0][1] if longest else 0.0)
    detail = ", ".join(f"{queue} {seconds:,.0f}" for queue, seconds in longest)
    return Row(f"computing put off at {trial.rate:,.0f} events/s", "s", figure, detail=detail)


def _cores(trial: Trial) -> float:
    """Sum up the microseconds an event of all but what sends."""
    return sum(cost for part, cost in trial.per_event().items() if part != GENERATOR)


def _costs(trial: Trial, total: float) -> list[Row]:
    costs = sorted(trial.per_event().items(), key=lambda item: -item[1])
    whole = Row(f"processor time at {trial.rate:,.0f} events/s", "µs/event", once(total))
    return [whole] + [
        Row(f"processor time: {part}", "µs/event", once(cost), (Limit("all", once(total)),)) for part, cost in costs
    ]


def _memory(part: str, trial: Trial) -> Row:
    late = trial.weighings[len(trial.weighings) // 2 :]
    sizes = [weighing.resident.get(part, 0.0) for weighing in late]
    slope = float(np.polyfit([weighing.at for weighing in late], sizes, 1)[0]) if len(late) > 1 else 0.0
    detail = f"{sizes[0]:,.0f} to {sizes[-1]:,.0f} MB in the last {late[-1].at - late[0].at:,.0f} s"
    flat = Mark("below", GROWTH_PER_HALF_HOUR * sizes[0], f"< {GROWTH_PER_HALF_HOUR:.0%} of it")
    mark = flat if trial.seconds >= _TELLING_SECONDS and not part.endswith(WORKERS) else None
    return Row(f"memory in half an hour: {part}", "MB", once(_HALF_HOUR * slope), mark=mark, detail=detail)


def _most(drained: Burst) -> int:
    return max(count for _, count in drained.waiting)
