"""``python -m bench``: measure the system and print how it compares with its limits and its marks."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from bench import (
    advice,
    closed_loop,
    fleet_cost,
    forecasts,
    latency,
    load_profile,
    memory,
    monthly,
    requests,
    sign_in,
    stages,
    throughput,
    time_to_sale,
)
from bench.ending import run_and_end
from bench.options import Options
from bench.pace import pace
from bench.progress import Steps
from deploy.local.servers import unavailable_reason
from deploy.local.settings import RealServers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bench.tables import Table
    from deploy.local.settings import BrokerChoice

    Measure = Callable[[Options, Steps], Awaitable[Table]]

TABLES: dict[str, Measure] = {
    "throughput": throughput.measure,
    "latency": latency.measure,
    "forecasts": forecasts.measure,
    "monthly": monthly.measure,
    "time_to_sale": time_to_sale.measure,
    "advice": advice.measure,
    "closed_loop": closed_loop.measure,
    "requests": requests.measure,
    "sign_in": sign_in.measure,
    "memory": memory.measure,
    "stages": stages.measure,
    "load": load_profile.measure,
    "fleet": fleet_cost.measure,
}
FILE_WIDTH = 150
LATEST = Path(__file__).parent / "results" / "latest.json"
out = Console()
if not out.is_terminal:
    out = Console(width=FILE_WIDTH)  # the tables are wider than the 80 columns assumed of a file
err = Console(stderr=True)


def bench(
    only: Annotated[str, typer.Option(help=f"Tables to measure, comma separated: {', '.join(TABLES)}.")] = "",
    json_out: Annotated[Path, typer.Option("--json", help="Where everything is written.")] = LATEST,
    broker: Annotated[str, typer.Option(help="memory or apache; both where Apache Kafka can run, if absent.")] = "",
    seconds: Annotated[
        float | None,
        typer.Option(min=1, max=3600, help="Length of timed windows: 60 for latency, 5 for requests, if absent."),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, max=20, help="Repeats that medians are taken of.")] = 3,
    minutes: Annotated[
        float,
        typer.Option(
            min=1,
            max=600,
            help="About how long the load profile sends, after a search of eight windows at most; 30 for memory.",
        ),
    ] = 5.0,
    past: Annotated[
        int,
        typer.Option(min=0, max=5_000_000, help="Events of days before in the tables of throughput; 0: empty ones."),
    ] = 300_000,
) -> None:
    """Measure the system, with each limit in the same run, and print the tables.

    Examples:
    `python -m bench`,
    `python -m bench --only latency --broker memory --seconds 20`,
    `python -m bench --only throughput,memory --repeats 1 --json run.json`,
    `python -m bench --only throughput --past 0`,
    `python -m bench --only load --minutes 30`.
    """
    names = [name.strip() for name in only.split(",") if name.strip()] or list(TABLES)
    unknown = sorted(set(names) - set(TABLES))
    if unknown:
        message = f"no table {', '.join(unknown)}; there are {', '.join(TABLES)}"
        raise typer.BadParameter(message, param_hint="--only")
    named = sorted(RealServers().model_fields_set - {"cache_dir"})
    if named:
        message = f"unset DOSO_{', DOSO_'.join(named).upper()}: the benchmarks start servers of their own"
        raise typer.BadParameter(message)
    report: dict[str, Any] = {
        "began": datetime.now(UTC).isoformat(),
        "machine": _machine(),
        "options": {
            "only": names,
            "broker": broker,
            "seconds": seconds,
            "repeats": repeats,
            "minutes": minutes,
            "past": past,
        },
        "tables": [],
        "failures": {},
    }
    with tempfile.TemporaryDirectory(prefix="doso-bench-") as folder:
        options = Options(_brokers(broker), seconds, repeats, Path(folder), minutes, json_out.parent, past)
        run_and_end(_measure(names, options, report))
    json_out.parent.mkdir(parents=True, exist_ok=True)
    json_out.write_text(json.dumps(report, indent=2), encoding="utf-8")
    err.print(f"[dim]written to {json_out}[/]", soft_wrap=True)
    if report["failures"]:
        raise typer.Exit(1)


async def _measure(names: Sequence[str], options: Options, report: dict[str, Any]) -> None:
    """Measure table after table; one that cannot be measured is reported, and the others go on."""
    steps = Steps(err)
    with steps.progress:
        for name in names:
            load_before, pace_before = os.getloadavg()[0], pace()
            try:
                with steps.table(name):
                    table = await TABLES[name](options, steps)
            except Exception as error:  # noqa: BLE001  # told below, and in the exit code
                report["failures"][name] = f"{type(error).__name__}: {error}"
                err.print(f"[bold red]{name} could not be measured:[/] {report['failures'][name]}")
                continue
            table.notes.append(
                f"load of the machine when it began: {load_before:.1f}; a million additions took"
                f" {pace_before:.0f} ms then, {pace():.0f} ms at the end"
            )
            table.print(out)
            report["tables"].append(table.as_json())


def _brokers(wanted: str) -> tuple[BrokerChoice, ...]:
    if wanted == "memory":
        return ("memory",)
    if wanted not in {"", "apache"}:
        message = f"it is memory or apache, not {wanted!r}"
        raise typer.BadParameter(message, param_hint="--broker")
    reason = unavailable_reason(RealServers().cache_dir)
    if reason is None:
        return ("apache",) if wanted else ("memory", "apache")
    if wanted:
        message = f"Apache Kafka cannot run here: {reason}"
        raise typer.BadParameter(message, param_hint="--broker")
    err.print(f"[dim]without Apache Kafka: {reason}[/]")
    return ("memory",)


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }


if __name__ == "__main__":
    typer.run(bench)
