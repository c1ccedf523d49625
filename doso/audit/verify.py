"""``doso audit verify``: whether anybody changed the audit trail after it was written."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.text import Text

from doso.console import err, fail, out

if TYPE_CHECKING:
    from doso.audit.verification import Verification

_QUIET_SECONDS = 2.0


def verify(
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="An exported trail (NDJSON) instead.")
    ] = None,
    dsn: Annotated[str, typer.Option(envvar="DOSO_POSTGRES_DSN", help="The database.")] = "",
    data_dir: Annotated[Path | None, typer.Option(help="The database of a running `doso up` instead.")] = None,
    tenant: Annotated[list[UUID] | None, typer.Option(help="Only this tenant; may be repeated.")] = None,
    expect_head: Annotated[
        list[str] | None, typer.Option(help="A hash noted earlier that must still be there; may be repeated.")
    ] = None,
    from_row: Annotated[int, typer.Option(min=1, help="The file begins at this row.")] = 1,
    json_out: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check that no row of the audit trail was changed, removed, put in or moved since it was written.

    Prints per tenant how many rows there are, the head hash, and the first broken row with the reason. Ends with
    1 when a chain is broken or an expected head is missing. Rows cut off at the end leave a chain that holds:
    note the head elsewhere (`GET /api/v1/audit/head`) and give it with --expect-head.

    Examples: `doso audit verify --file audit.ndjson`, `doso audit verify --data-dir .doso`,
    `doso audit verify --dsn postgresql://owner@db/doso --expect-head 9f2c…`.
    """
    from asyncpg import InterfaceError, PostgresError

    from doso.audit.reading import UnreadableError, file_rows
    from doso.audit.verification import Verification

    check = Verification(sought=_heads(expect_head or []), first=from_row if file else 1, on_row=_progress())
    try:
        if file is not None:
            for row in file_rows(file):
                if not tenant or row.entry.tenant_id in tenant:
                    check.add(row)
            if check.rows == 0:
                fail(f"{file} holds no row: an export holds at least that of its own making")
        else:
            asyncio.run(_database(check, _address(dsn, data_dir), tenant or []))
    except UnreadableError as error:
        fail(str(error))
    except (OSError, PostgresError, InterfaceError) as error:
        fail(f"the database did not answer, or refused: {error}")
    if json_out:
        check.conclude()
        print(json.dumps(check.as_json(), indent=2))  # noqa: T201  # for another program
    else:
        show(check)
    if not check.holds:
        raise typer.Exit(1)


def show(check: "Verification") -> None:
    """Print what was found."""
    for chain in check.conclude():
        out.print(f"tenant {chain.tenant_id}: {chain.rows} rows, head {chain.head}", highlight=False, soft_wrap=True)
        if chain.broken:
            broken = ("  broken", "bold red")
            out.print(Text.assemble(broken, f" at row {chain.broken.seq}: {chain.broken.reason}"), soft_wrap=True)
    for head in sorted(check.sought):
        lost = f" the noted head {head} is in no chain that holds: rows were cut off or replaced"
        out.print(Text.assemble(("missing:", "bold red"), lost), soft_wrap=True)
    if check.holds:
        out.print(Text.assemble(("holds", "green"), f": {check.rows} rows in {len(check.chains)} trails"))


async def _database(check: "Verification", dsn: str, tenants: list[UUID]) -> None:
    import asyncpg

    from doso.audit.reading import database_rows, known_tenants

    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        check.expect(await known_tenants(connection, tenants))
        async for row in database_rows(connection, tenants):
            check.add(row)
    finally:
        await connection.close()


def _heads(given: list[str]) -> set[str]:
    for head in given:
        if not re.fullmatch(r"[0-9a-fA-F]{64}", head):
            fail(f"--expect-head is a hash of 64 hexadecimal digits, not {head!r}")
    return {head.lower() for head in given}


def _address(dsn: str, data_dir: Path | None) -> str:
    if data_dir is not None:
        from deploy.local.servers import PostgresServer

        return PostgresServer(data_dir.absolute()).dsn()
    if not dsn:
        fail("no trail: give --file, --data-dir, or --dsn postgresql://role@host/database (or DOSO_POSTGRES_DSN)")
    return dsn


def _progress() -> Callable[[int], None]:
    """Say every two seconds how far the check is; quick ones say nothing."""
    told = time.monotonic()

    def on_row(rows: int) -> None:
        nonlocal told
        if rows % 1000 == 0 and time.monotonic() - told > _QUIET_SECONDS:
            told = time.monotonic()
            err.print(f"{rows} rows checked …", style="dim")

    return on_row
