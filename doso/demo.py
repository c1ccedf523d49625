"""``doso demo``: a dealer group through the whole loop, by the public REST API only."""

import asyncio
import json
import signal
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
import uvloop
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
from deploy.local.servers import ServerError
from deploy.local.settings import LocalSettings
from deploy.local.stack import RunningStack, running_stack
from doso.client import ApiError, Client
from doso.console import err, fail
from doso.report import print_report
from doso.result import Result
from doso.sample_group import write_sample_group
from doso.up import choose_broker

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


def demo(
    inventory: Annotated[Path | None, typer.Option(help="Your own inventory file.", exists=True)] = None,
    sales: Annotated[Path | None, typer.Option(help="Your own sales file.", exists=True)] = None,
    market: Annotated[Path | None, typer.Option(help="Your own market listings.", exists=True)] = None,
    dealer: Annotated[str, typer.Option(help="The rooftop's name.")] = "My dealership",
    currency: Annotated[str, typer.Option(help="ISO 4217, such as USD.")] = "USD",
    broker: Annotated[str, typer.Option(help="memory, apache or auto.")] = "memory",
    seed: Annotated[int, typer.Option(help="Seed of the generated group.")] = 7,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write everything here as JSON.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the API up until Ctrl-C.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Keep the state here; a temporary folder if absent.")] = None,
) -> None:
    """Run a dealer group through the whole loop and print what it should do, in dollars.

    Without files a generated sample group of three rooftops is used.

    Examples: `doso demo`, `doso demo --keep`,
    `doso demo --inventory stock.csv --sales sales.csv --market listings.csv --dealer "Northside"`.
    """
    with ExitStack() as stack:
        folder = data_dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doso-demo-")))
        if inventory or sales or market:
            if inventory is None:
                fail("give at least --inventory; --sales and --market make the advice better")
            files = {"inventory": inventory, **({"sales": sales} if sales else {})}
            load = Load(dealer, currency, "local", "UTC", [(dealer, files)], market)
        else:
            load = _sample(folder / "sample", seed)
        settings = LocalSettings(
            data_dir=(folder / "state").absolute(), broker=choose_broker(broker), tenant_name=load.title
        )
        try:
            result = uvloop.run(_run(settings, load, generated=inventory is None, keep=keep, json_out=json_out))
        except (ServerError, ApiError, OSError) as error:
            fail(str(error))
    if result.problems:
        fail("not every stage produced what it should: " + "; ".join(result.problems))


def _sample(folder: Path, seed: int) -> Load:
    group = write_sample_group(folder, seed, datetime.now(UTC).date())
    rooftops = [
        (store.name, {"inventory": store.inventory_file, "sales": store.sales_file}) for store in group.stores
    ]
    return Load(group.name, group.currency, group.region, group.timezone, rooftops, group.market_file)


async def _run(settings: LocalSettings, load: Load, *, generated: bool, keep: bool, json_out: Path | None) -> Result:
    started = time.perf_counter()
    async with running_stack(settings, lambda step: err.print(f"[dim]{step} …[/]")) as stack:
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
    err.print("[dim]The API stays up; Ctrl-C ends it.[/]")
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
