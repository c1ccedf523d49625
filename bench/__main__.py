"""``python -m bench``: measure the system and print how it compares with its limits and its marks."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop
from rich.console import Console

from bench import forecasts, latency, memory, requests, throughput
from bench.options import Options
from bench.progress import Steps
from deploy.local.servers import unavailable_reason
from deploy.local.settings import RealServers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.tables import Table
    from deploy.local.settings import BrokerChoice

    Measure = Callable[[Options, Steps], Awaitable[Table]]

TABLES: dict[str, Measure] = {
    "throughput": throughput.measure,
    "latency": latency.measure,
    "forecasts": forecasts.measure,
    "requests": requests.measure,
    "memory": memory.measure,
}
LATEST = Path(__file__).parent / "results" / "latest.json"
out = Console()
err = Console(stderr=True)


def bench(
    only: Annotated[str, typer.Option(help=f"Tables to measure, comma separated: {', '.join(TABLES)}.")] = "",
    json_out: Annotated[Path, typer.Option("--json", help="Where everything is written.")] = LATEST,
    broker: Annotated[
        str, typer.Option(help="memory or apache; both where Apache Kafka can run, if absent.")
    ] = "",
    seconds: Annotated[
        float | None,
        typer.Option(min=1, max=3600, help="Length of timed windows: 60 for latency, 5 for requests, if absent."),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, max=20, help="Repeats that medians are taken of.")] = 3,
) -> None:
    """Measure the system, with each limit in the same run, and print the tables.

    Examples:
    `python -m bench`,
    `python -m bench --only latency --broker memory --seconds 20`,
    `python -m bench --only throughput,memory --repeats 1 --json run.json`.
    """
    names = [name.strip() for name in only.split(",") if name.strip()] or list(TABLES)
    unknown = sorted(set(names) - set(TABLES))
    if unknown:
        message = f"no table {', '.join(unknown)}; there are {', '.join(TABLES)}"
        raise typer.BadParameter(message, param_hint="--only")
    named = [name for name in RealServers.model_fields if name != "cache_dir" and getattr(RealServers(), name)]
    if named:
        message = f"unset DOSO_{', DOSO_'.join(named).upper()}: the benchmarks start servers of their own"
        raise typer.BadParameter(message)
    with tempfile.TemporaryDirectory(prefix="doso-bench-") as folder:
        options = Options(_brokers(broker), seconds, repeats, Path(folder))
        tables, failures = uvloop.run(_measure(names, options))
    report = {
        "began": began().isoformat(),
        "machine": machine(),
        "options": {"only": names, "brokers": options.brokers, "seconds": seconds, "repeats": repeats},
        "tables": [table.as_json() for table in tables],
        "failures": failures,
    }
    json_out.parent.mkdir(parents=True, exist_ok=True)
    json_out.write_text(json.dumps(report, indent=2), encoding="utf-8")
    err.print(f"[dim]written to {json_out}[/]", soft_wrap=True)
    if failures:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(bench)
