"""Statements as the stores send them, explained instead of answered: what each touches, and how long it takes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.postgres.pool import Connection

_EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "
_EXPLAINABLE = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One run of a statement: pages of the shared buffers touched, milliseconds, and how each table was read."""

    sql: str
    buffers: int
    milliseconds: float
    scans: tuple[str, ...]


@dataclass(slots=True)
class ExplainingConnection:
    """Stands in for a connection in a transaction: each statement is run and explained, and answers with nothing."""

    connection: Connection
    statements: list[Statement] = field(default_factory=list)

    async def fetch(self, sql: str, *arguments: object) -> list[Any]:
        """Explain; there are no rows."""
        await self._explain(sql, arguments)
        return []

    async def cursor(self, sql: str, *arguments: object, prefetch: int) -> AsyncIterator[Any]:  # noqa: ARG002  # all
        """Explain the whole; there are no rows."""
        for row in await self.fetch(sql, *arguments):
            yield row

    async def fetchrow(self, sql: str, *arguments: object) -> None:
        """Explain; there is no row."""
        await self._explain(sql, arguments)

    async def fetchval(self, sql: str, *arguments: object) -> int:
        """Explain; the value is nought."""
        await self._explain(sql, arguments)
        return 0

    async def execute(self, sql: str, *arguments: object) -> str:
        """Explain; nothing was affected, as far as the caller is told."""
        await self._explain(sql, arguments)
        return "DONE 0"

    async def _explain(self, sql: str, arguments: tuple[object, ...]) -> None:
        if not _EXPLAINABLE.match(sql):
            await self.connection.execute(sql)
            return
        [row] = await self.connection.fetch(_EXPLAIN + sql, *arguments)
        [explained] = json.loads(row[0]) if isinstance(row[0], str) else row[0]
        plan = explained["Plan"]
        self.statements.append(
            Statement(
                sql=" ".join(sql.split()),
                buffers=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
                milliseconds=explained["Execution Time"],
                scans=tuple(_scans(plan)),
            )
        )


def _scans(plan: dict[str, Any]) -> list[str]:
    """Name how each table is read, outermost first."""
    found = []
    if "Relation Name" in plan and "Scan" in plan["Node Type"]:
        by = f" by {plan['Index Name']}" if "Index Name" in plan else ""
        found.append(f"{plan['Node Type']} {plan['Relation Name']}{by}")
    elif "Index Name" in plan:
        found.append(f"{plan['Node Type']} by {plan['Index Name']}")
    for part in plan.get("Plans", ()):
        found += _scans(part)
    return found
