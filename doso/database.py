"""Where an operator's command finds the database: the deployment's, or that of an embedded system that runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from doso.console import fail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import asyncpg

T = TypeVar("T")

DsnOption = Annotated[
    str,
    typer.Option(envvar="DOSO_POSTGRES_DSN", help="As a role that may read every schema, and write where it mends."),
]
_SECONDS = 10.0


def address(dsn: str, data_dir: Path) -> str:
    """Give the address of the deployment's database, or where it is empty that of the embedded system's.

    Ends the command with a clear message where there is neither.
    """
    if dsn:
        return dsn
    if not data_dir.is_dir():
        fail(f"no database: set DOSO_POSTGRES_DSN, or --data-dir of a running `doso up` ({data_dir} is not there)")
    from deploy.local.servers import PostgresServer

    return PostgresServer(data_dir).dsn()


def with_database(dsn: str, data_dir: Path, act: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[T]]) -> T:
    """Connect to ``dsn``, or where it is empty to the embedded system of ``data_dir``, act, and give the result.

    Ends the command with a clear message where there is no database or it refuses.
    """
    import asyncpg  # --help need not wait for it

    found = address(dsn, data_dir)

    async def run() -> T:
        connection = await asyncpg.connect(found, timeout=_SECONDS)
        try:
            return await act(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(run())
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        where = "the database" if dsn else f"the database of {data_dir}; is `doso up` running there?"
        fail(f"{where} did not answer, or refused: {error}")
