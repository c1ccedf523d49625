"""The rebuild command as tests give it, and the database as its owner sees it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import asyncpg
from typer.testing import CliRunner

from deploy.local.pipeline import read_pipeline
from deploy.local.servers import PostgresServer
from doso.main import app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import System
    from tests.e2e.conftest import Group

NOTHING = ("differing", "missing", "unclaimed")


def rebuild(system: System, group: Group, target: str, *options: str) -> dict[str, Any]:
    """Run the command for this group only; gives its JSON."""
    tenant = str(group.admin.tenant_id)
    arguments = ("rebuild", target, "--data-dir", str(system.data_dir), "--tenant", tenant, "--json", *options)
    done = CliRunner(env={"TERM": "dumb", "COLUMNS": "1000"}).invoke(app, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def found(system: System, group: Group, target: str, *options: str) -> dict[str, dict[str, int]]:
    """Run the command; gives what it found wrong, by step."""
    steps = rebuild(system, group, target, *options)["steps"]
    wrong = {
        name: {what: counts.get(what, 0) for what in NOTHING if counts.get(what)} for name, counts in steps.items()
    }
    return {name: counts for name, counts in wrong.items() if counts}


def settled(system: System, group: Group) -> bool:
    """Tell whether nothing is under way any more and every copy equals its owner's, before and after the look."""
    return idle(system) and found(system, group, "read-model", "--dry-run") == {} and idle(system)


def idle(system: System) -> bool:
    """Tell whether every event was taken in and everything marked was computed."""

    async def run() -> bool:
        connection = await asyncpg.connect(PostgresServer(system.data_dir).dsn())
        try:
            return (await read_pipeline(connection)).idle
        finally:
            await connection.close()

    return asyncio.run(run())


def sql(system: System, *statements: str, arguments: Sequence[Any] = ()) -> list[Any]:
    """Have the owner of the database do something, with the same arguments each; gives the last one's rows."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(PostgresServer(system.data_dir).dsn())
        try:
            return [await connection.fetch(statement, *arguments) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def shown(system: System, group: Group, table: str) -> list[str]:
    """Give a table that the group's pages are made of, without what the last change of a vehicle was."""
    rows = sql(
        system,
        f"SELECT (to_jsonb(t) #- '{{document,changes}}')::text AS row FROM gateway.{table} t"
        " WHERE tenant_id = $1 ORDER BY 1",
        arguments=[group.admin.tenant_id],
    )
    return [row["row"] for row in rows]
