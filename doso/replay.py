"""The demo's work: boot, import through the REST API, wait until all is processed, look at the result."""

import asyncio
import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from deploy.local.memory import resident_megabytes
from deploy.local.pipeline import Pipeline, read_pipeline
from deploy.local.settings import LocalSettings
from deploy.local.stack import RunningStack, running_stack
from doso.client import Client
from doso.console import err
from doso.report import print_report
from doso.result import Result

_PATIENCE_SECONDS = 300.0
_QUIET_SECONDS = 1.0


@dataclass(slots=True)
class Load:
    """What is to be loaded: files per rooftop, and one market."""

    title: str
    currency: str
    region: str
    timezone: str
    rooftops: list[tuple[str, dict[str, Path]]]
    market: Path | None = None


async def replay(
    settings: LocalSettings, load: Load, *, generated: bool, keep: bool, json_out: Path | None
) -> Result:
    """Take a group through the whole loop; what went wrong is in the result's ``problems``."""
    started = time.perf_counter()
    async with running_stack(settings, lambda step: err.print(f"{step} …", style="dim")) as stack:
        result = Result(generated, load.title, stack.servers.description)
        result.seconds["boot"] = time.perf_counter() - started
        client = await asyncio.to_thread(Client.from_credentials, stack.credentials)
        await _load(stack, client, load, result)
        await _inspect(stack, client, load, result)
        result.seconds["total"] = time.perf_counter() - started
        if json_out:
            text = json.dumps(_plain(result), indent=2, default=str)
            await asyncio.to_thread(json_out.write_text, text, encoding="utf-8")
        print_report(result, stack, kept=keep)
        if keep:
            await _until_interrupted()
    return result


async def _load(stack: RunningStack, client: Client, load: Load, result: Result) -> None:
    began = time.perf_counter()
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    jobs: list[tuple[str, str, Path]] = [
        (name, kind, files[kind]) for kind in ("inventory", "sales") for name, files in load.rooftops if kind in files
    ]
    if load.market:
        jobs.append((load.rooftops[0][0], "market", load.market))
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("importing through the REST API", total=len(jobs))
        for name, kind, path in jobs:
            dealer_id = await asyncio.to_thread(client.dealer, name, load.currency, load.region, load.timezone)
            import_id = await asyncio.to_thread(client.start_import, kind, path, dealer_id)
            status = await asyncio.to_thread(client.follow_import, kind, import_id, lambda _: None)
            result.imports.append({"dealer": name, **status})
            if status["status"] != "done":
                result.problems.append(f"import of {path.name} failed: {status['error']}")
            progress.advance(task)
        result.seconds["import"] = time.perf_counter() - began
        settled = await _settled(stack, progress)
        result.stages = [_stage(s) for s in settled.stages]
        result.problems += [f"{n} items of work failed in {name}" for name, n in settled.work_failed.items() if n]
    result.seconds["settled"] = time.perf_counter() - began


async def _settled(stack: RunningStack, progress: Progress) -> Pipeline:
    """Wait until every event was processed and nothing is left to compute."""
    connection = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        task = progress.add_task("processing events", total=None)
        most = 0
        quiet_since: float | None = None
        while True:
            state = await read_pipeline(connection)
            now = time.monotonic()
            most = max(most, state.pending)
            progress.update(task, total=max(most, 1), completed=most - state.pending)
            quiet_since = (quiet_since or now) if state.idle else None
            if quiet_since is not None and now - quiet_since >= _QUIET_SECONDS:
                return state
            if now > deadline:
                message = f"events are still under way after {_PATIENCE_SECONDS:.0f} s: {state.pending} pending"
                raise TimeoutError(message)
            await asyncio.sleep(0.25)
    finally:
        await connection.close()


async def _inspect(stack: RunningStack, client: Client, load: Load, result: Result) -> None:
    result.summary = await asyncio.to_thread(client.request, "GET", "/inventory/summary")
    result.recommendations = await asyncio.to_thread(client.every, "/recommendations", sort="-value")
    result.memory_megabytes = await asyncio.to_thread(resident_megabytes, stack.servers.pids)
    forecasts = await asyncio.to_thread(client.every, "/forecasts")
    segments = await asyncio.to_thread(client.every, "/market")
    if not any(row["all"]["units"] for row in result.summary):
        result.problems.append("no vehicle became visible")
    if not forecasts:
        result.problems.append("no forecast was made")
    if load.market and not segments:
        result.problems.append("no market statistics were made")
    if not result.recommendations:
        result.problems.append("no advice was issued")
    parked = sum(stage["parked"] for stage in result.stages)
    if parked:
        result.problems.append(f"{parked} events were parked as dead letters")


async def _until_interrupted() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    err.print("The API stays up; Ctrl-C ends it.", style="dim")
    await stopped.wait()


def _stage(stage: Any) -> dict[str, Any]:
    return {
        "topic": stage.topic,
        "consumer": stage.consumer,
        "events": stage.consumed,
        "parked": stage.parked,
        "seconds": round(stage.seconds, 1),
    }


def _plain(result: Result) -> dict[str, Any]:
    return {name: getattr(result, name) for name in Result.__dataclass_fields__}
