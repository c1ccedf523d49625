"""The operator's connections to the schemas of the services, each looking at one schema as its service does."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from shared.postgres.pool import speak_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from shared.postgres.pool import Connection

_SECONDS = 10.0
_PATIENCE = 300.0


class Connections:
    """One connection a schema, opened when it is first asked for; all see the same tenants' rows.

    They are the operator's own and in no pool, so what they see is set for the session.
    """

    def __init__(self, dsn: str, stack: AsyncExitStack) -> None:
        self._dsn = dsn
        self._stack = stack
        self._open: dict[str, Connection] = {}
        self._seen = "{}"

    async def see(self, *tenants: UUID) -> None:
        """See the rows of these tenants from now on, as row-level security has it for every role it binds."""
        self._seen = "{" + ",".join(map(str, tenants)) + "}"
        for connection in self._open.values():
            await connection.execute("SELECT set_config('app.tenants', $1, false)", self._seen)

    async def of(self, schema: str, *, shadow: bool = False) -> Connection:
        """Give the connection to a schema, or one to temporary tables that stand for those of the schema.

        The latter sees nothing else, so that nothing done there can reach a real table. Raises what asyncpg raises
        where the database is away or refuses.
        """
        name = f"{schema} shadow" if shadow else schema
        if name not in self._open:
            connection = await asyncpg.connect(
                self._dsn,
                timeout=_SECONDS,
                command_timeout=_PATIENCE,
                server_settings={
                    "search_path": "pg_temp" if shadow else schema,
                    "application_name": "doso-rebuild",
                    "plan_cache_mode": "force_custom_plan",
                    "app.tenants": self._seen,
                },
            )
            self._stack.push_async_callback(connection.close)
            await speak_json(connection)
            self._open[name] = connection
        return self._open[name]


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connections]:
    """Have connections for as long as the block runs."""
    async with AsyncExitStack() as stack:
        yield Connections(dsn, stack)
