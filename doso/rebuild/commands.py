"""The commands, which differ in what they rebuild."""

from __future__ import annotations

import asyncio
import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from doso.console import err, fail, out
from doso.database import DsnOption, address

if TYPE_CHECKING:
    from doso.rebuild.running import Outcome

Tenants = Annotated[list[UUID] | None, typer.Option("--tenant", help="Only this tenant; may be repeated.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what differs, and change nothing.")]
Restart = Annotated[bool, typer.Option("--restart", help="Begin anew where an earlier run was cut off.")]
By = Annotated[str, typer.Option(help="Who is asking, for the audit trail.")]
DataDir = Annotated[Path, typer.Option(help="Of a running `doso up`, where no DSN is given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_EMBEDDED = Path(".doso")


def read_model(
    *,
    tenant: Tenants = None,
    dry_run: DryRun = False,
    restart: Restart = False,
    by: By = "",
    as_json: AsJson = False,
    dsn: DsnOption = "",
    data_dir: DataDir = _EMBEDDED,
) -> None:
    """Hold what pages are served from against the services that own it, and make anew what differs.

    Vehicles, markets, forecasts, advice with its answers, outcomes and learned policies: what is missing comes
    back, what is wrong is put right, what nobody owns goes. Pages are served and events taken in all the while.
    May be given again at any time; a run that was cut off goes on where it was.

    Examples: `doso rebuild read-model --dry-run`, `doso rebuild read-model --tenant 5c1f…`,
    `doso rebuild read-model --data-dir .doso --json`.
    """
    _run("read-model", tenant, dry_run=dry_run, restart=restart, by=by, as_json=as_json, dsn=dsn, data_dir=data_dir)


def market(
    *,
    tenant: Tenants = None,
    dry_run: DryRun = False,
    restart: Restart = False,
    by: By = "",
    as_json: AsJson = False,
    dsn: DsnOption = "",
    data_dir: DataDir = _EMBEDDED,
) -> None:
    """Work every market out anew from the listings and the group's own vehicles, and tell it to all who read it.

    The market service has to run: it does the computing.

    Examples: `doso rebuild market --dry-run`, `doso rebuild market --tenant 5c1f…`.
    """
    _run("market", tenant, dry_run=dry_run, restart=restart, by=by, as_json=as_json, dsn=dsn, data_dir=data_dir)


def vectors(
    *,
    tenant: Tenants = None,
    dry_run: DryRun = False,
    restart: Restart = False,
    by: By = "",
    as_json: AsJson = False,
    dsn: DsnOption = "",
    data_dir: DataDir = _EMBEDDED,
) -> None:
    """Embed all advice that ended anew, so that similar cases are found again.

    For a vector store that was lost or is of another embedding model. The recommend service has to run: it does
    the embedding. A dry run counts the cases; what the store has of them it cannot tell.

    Examples: `doso rebuild vectors`, `doso rebuild vectors --dry-run --json`.
    """
    _run("vectors", tenant, dry_run=dry_run, restart=restart, by=by, as_json=as_json, dsn=dsn, data_dir=data_dir)


def events(dsn: DsnOption = "", data_dir: DataDir = _EMBEDDED) -> None:
    """Publish again what was published and some reader has not taken in: for a Kafka that lost its topics.

    Give it while the services are stopped, or just after they were: what is on its way would come twice, which
    every reader lets pass. It reaches as far back as published events are kept in the outbox.

    Example: `doso rebuild events --dsn postgresql://owner@db/doso`.
    """
    from asyncpg import InterfaceError, PostgresError

    from deploy.local.sweep import Sweep

    try:
        with err.status("looking for what was not taken in …"):
            offered = asyncio.run(Sweep(address(dsn, data_dir)).once())
    except (OSError, TimeoutError, PostgresError, InterfaceError) as error:
        fail(f"the database did not answer, or refused: {error}")
    out.print(f"{offered} events will be published again as soon as their services run.")


def _run(
    target: str,
    tenants: list[UUID] | None,
    *,
    dry_run: bool,
    restart: bool,
    by: str,
    as_json: bool,
    dsn: str,
    data_dir: Path,
) -> None:
    from asyncpg import InterfaceError, PostgresError

    from doso.audit.reading import UnreadableError
    from doso.rebuild.step import RebuildError

    where = address(dsn, data_dir)
    try:
        outcome = asyncio.run(
            _rebuilt(where, target, tenants or [], dry_run=dry_run, restart=restart, by=by or getpass.getuser())
        )
    except (RebuildError, UnreadableError) as error:
        fail(str(error))
    except (OSError, TimeoutError, PostgresError, InterfaceError) as error:
        fail(f"the database did not answer, or refused: {error}\nGive the command again: it goes on where it was.")
    show(outcome, dry_run=dry_run, as_json=as_json)


async def _rebuilt(dsn: str, target: str, tenants: list[UUID], *, dry_run: bool, restart: bool, by: str) -> Outcome:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from doso.audit.reading import known_tenants
    from doso.rebuild.connections import connected
    from doso.rebuild.running import compare, rebuild, total

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with connected(dsn) as connections:
        known = await known_tenants(await connections.of("gateway"), tenants)
        with Progress(*columns, console=err, transient=True) as progress:
            task = progress.add_task(target, total=await total(connections, target, known))

            def on_piece(step: str, checked: int) -> None:
                progress.update(task, description=step, advance=checked)

            if dry_run:
                return await compare(connections, target, known, on_piece=on_piece)
            return await rebuild(connections, target, known, by=by, restart=restart, on_piece=on_piece)


def show(outcome: Outcome, *, dry_run: bool, as_json: bool) -> None:
    """Print what was found, and whether it was mended."""
    if as_json:
        told: dict[str, Any] = {
            "tenants": outcome.tenants, "continued": outcome.continued, "dry_run": dry_run, "steps": outcome.counts,
        }  # fmt: skip
        out.print_json(json.dumps(told))
        return
    from rich.table import Table

    table = Table("", "checked", "differed", "missing", "nobody's")
    for step, counts in outcome.counts.items():
        if not counts:
            continue  # it only waited
        numbers = (counts[what] for what in ("checked", "differing", "missing", "unclaimed"))
        table.add_row(step, *(str(number) for number in numbers))
    out.print(table)
    if outcome.continued:
        err.print(f"went on with {outcome.continued} tenants of a run that was cut off", style="dim")
    out.print("Nothing was changed." if dry_run else f"Rebuilt, for {outcome.tenants} tenants.")
