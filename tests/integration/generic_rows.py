"""Rows for any table, made from the catalogue: parents before children, constraints kept, nothing by name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

_LISTED = re.compile(
    r"CHECK \(\("
    r"(?:(?P<one>\w+) = ANY \(ARRAY\['(?P<first>[^']+)'::text.*"
    r"|\((?P<several>\w+) <@ ARRAY\['(?P<among>[^']+)'::text[^()]*\) AND \(cardinality\((?P=several)\) > 0\)\)\))$"
)
"""CHECKs that list what a column, or each element of one that may not be empty, can be."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    allowed: str | None
    """The first value of a CHECK that lists some."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    foreign: tuple[ForeignKey, ...]

    @property
    def full(self) -> str:
        return f"{self.schema}.{self.name}"

    def row(self, tenant: UUID, mark: str, parents: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Make a row of a tenant, whose text holds ``mark`` and which refers to these rows of its parents."""
        row = {each.name: _value(each, mark) for each in self.columns}
        for foreign in self.foreign:
            parent = parents[foreign.parent]
            row |= dict(zip(foreign.columns, (parent[name] for name in foreign.parent_columns), strict=True))
        return row | {"tenant_id": tenant}


def _value(column: Column, mark: str) -> Any:
    array = column.type.endswith("[]")
    if column.allowed is not None:
        return [column.allowed] if array else column.allowed
    one = {
        "uuid": uuid4(), "text": f"{mark} {uuid4().hex[:8]}", "boolean": True, "integer": 7, "bigint": 7, "smallint": 7,
        "double precision": 1.5, "numeric": Decimal("1.50"), "date": date(2026, 3, 2), "bytea": mark.encode(),
        "timestamp with time zone": datetime(2026, 3, 2, tzinfo=UTC), "jsonb": json.dumps({"mark": mark}),
        "json": json.dumps({"mark": mark}),
    }[re.sub(r"[\[\](].*", "", column.type)]  # fmt: skip
    return [one] if array else one


async def tables_of(owner: asyncpg.Connection[asyncpg.Record], schemas: Sequence[str]) -> list[Table]:
    """Read every fenced table, parents first."""
    found: dict[str, Table] = {}
    names = await owner.fetch(
        "SELECT schemaname, tablename FROM pg_policies WHERE policyname = 'tenant_isolation' AND schemaname = ANY($1)"
        " ORDER BY 1, 2", list(schemas),
    )  # fmt: skip
    for schema, name in names:
        found[f"{schema}.{name}"] = await _table(owner, schema, name)
    ordered: list[Table] = []
    while len(ordered) < len(found):
        done = {table.full for table in ordered}
        ready = [t for t in found.values() if t.full not in done and all(f.parent in done for f in t.foreign)]
        assert ready, "foreign keys go round in a circle"
        ordered += ready
    return ordered


async def _table(owner: asyncpg.Connection[asyncpg.Record], schema: str, name: str) -> Table:
    table = f"{schema}.{name}"
    columns = await owner.fetch(
        "SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
        " WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = ''"
        " AND attgenerated = '' ORDER BY attnum", table,
    )  # fmt: skip
    checks = await owner.fetch(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'c'",
        table,
    )
    allowed = {}
    for check in checks:
        listed = _LISTED.match(check["text"])
        assert listed, f"{table}: teach generic_rows to keep {check['text']}"
        allowed[listed["one"] or listed["several"]] = listed["first"] or listed["among"]
    keys = await owner.fetch(
        """
        SELECT contype::text AS type, CASE WHEN confrelid = 0 THEN '' ELSE confrelid::regclass::text END AS parent,
               ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k(c, n)
                     JOIN pg_attribute ON attrelid = conrelid AND attnum = c ORDER BY n) AS mine,
               ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY k(c, n)
                     JOIN pg_attribute ON attrelid = confrelid AND attnum = c ORDER BY n) AS theirs
        FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype IN ('p', 'f')
        """,
        table,
    )
    return Table(
        schema, name,
        tuple(Column(row["name"], row["type"], allowed.get(row["name"])) for row in columns),
        next(tuple(key["mine"]) for key in keys if key["type"] == "p"),
        tuple(ForeignKey(tuple(k["mine"]), k["parent"], tuple(k["theirs"])) for k in keys if k["type"] == "f"),
    )  # fmt: skip


async def insert(connection: Any, table: Table, row: dict[str, Any], suffix: str = "") -> str:
    """Insert a row; ``jsonb`` values are texts, so that any connection can."""
    values = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    statement = f"INSERT INTO {table.full} ({', '.join(row)}) VALUES ({values}) {suffix}"
    return str(await connection.execute(statement, *row.values()))
