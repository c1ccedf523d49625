"""Rows of audit trails: from a database, or from a file that was exported."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import from_json

from services.gateway.domain.audit_chain import Entry
from services.gateway.store.audit import Row, row_of
from shared.postgres.pool import Connection


class UnreadableError(Exception):
    """What was given holds no audit trail, and why."""


def file_rows(path: Path) -> Iterator[Row]:
    """Read an exported file line by line; raises ``UnreadableError`` with the line that is none of ours."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield _row(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                message = f"{path}, line {number}: no row of an exported trail ({type(error).__name__}: {error})"
                raise UnreadableError(message) from error


async def database_rows(
    connection: "asyncpg.Connection[asyncpg.Record]", tenants: Sequence[UUID]
) -> AsyncIterator[Row]:
    """Read the trails of some tenants, or of all, each from its first row on.

    Reading all takes a role that row-level security does not apply to; raises ``UnreadableError`` for others.
    """
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=from_json)
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        await _see(connection, tenants)
        async for row in connection.cursor(
            "SELECT * FROM gateway.audit WHERE $1::uuid[] = '{}' OR tenant_id = ANY($1) ORDER BY tenant_id, seq",
            list(tenants),
            prefetch=1000,
        ):
            yield row_of(row)


async def known_tenants(connection: Connection, tenants: Sequence[UUID]) -> list[UUID]:
    """Give the tenants whose trails are there to be checked, those without a row included."""
    async with connection.transaction(readonly=True):
        await _see(connection, tenants)
        rows = await connection.fetch(
            "SELECT tenant_id FROM gateway.tenant WHERE $1::uuid[] = '{}' OR tenant_id = ANY($1) ORDER BY 1",
            list(tenants),
        )
    return sorted({*(row["tenant_id"] for row in rows), *tenants})


async def _see(connection: Connection, tenants: Sequence[UUID]) -> None:
    if tenants:
        literal = "{" + ",".join(map(str, tenants)) + "}"
        await connection.execute("SELECT set_config('app.tenants', $1, true)", literal)
        return
    free = await connection.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    if not free:
        message = (
            "this role sees no tenant's rows by itself: name the tenants with --tenant, or connect as a role that"
            " row-level security does not apply to"
        )
        raise UnreadableError(message)


def _row(told: dict[str, Any]) -> Row:
    values = dict(told)
    stored = str(values.pop("hash"))
    values |= {"tenant_id": UUID(values["tenant_id"]), "at": datetime.fromisoformat(values["at"])}
    return Row(Entry(**values), stored)
