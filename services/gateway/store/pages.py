"""Reading the read model: keyset pages, in a stable order, under the tenant's fence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection

MOST_KEYS = 3


@dataclass(frozen=True, slots=True)
class Key:
    """A column to sort by, as an expression; rows without a value come last in either direction."""

    expression: str
    kind: Literal["number", "text", "moment"] = "number"

    def sql(self, *, descending: bool) -> str:
        """Give the expression as a value that is never null, so that it can make a position."""
        if self.kind == "text":
            last = "''" if descending else "chr(1114111)"
            return f'coalesce(({self.expression})::text, {last}) COLLATE "C"'
        last = "-Infinity" if descending else "Infinity"
        return f"coalesce(({self.expression})::{self.type}, '{last}'::{self.type})"

    @property
    def type(self) -> str:
        """Name the type of a position."""
        return {"number": "numeric", "text": "text", "moment": "timestamptz"}[self.kind]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list endpoint may filter and sort by; sort columns are sound only because they are named here."""

    table: str
    identity: str
    sorts: dict[str, Key]
    filters: dict[str, str] = field(default_factory=dict)
    columns: str = "document"

    def order(self, sort: str) -> tuple[tuple[str, bool], ...]:
        """Read ``-value,dealer_id`` as names, each with whether it is descending; raises ``ValueError``."""
        keys = tuple((name.removeprefix("-"), name.startswith("-")) for name in sort.split(","))
        names = [name for name, _ in keys]
        if set(names) - self.sorts.keys() or len(names) > len(set(names)) or len(names) > MOST_KEYS:
            message = (
                f"must be one of {', '.join(self.sorts)}, with - before it for descending; up to {MOST_KEYS} of them,"
                " with commas between, each once"
            )
            raise ValueError(message)
        return keys


@dataclass(frozen=True, slots=True)
class Page:
    """Rows and the position after the last of them, None at the end."""

    rows: list[dict[str, Any]]
    after: tuple[str, ...] | None


async def read_page(
    connection: Connection,
    listing: Listing,
    *,
    filters: Mapping[str, object],
    order: Sequence[tuple[str, bool]],
    after: Sequence[str] | None,
    limit: int,
) -> Page:
    """Read up to ``limit`` rows after a position; rows without a sort value come last, ties go by identity.

    The transaction has to be one tenant's.
    """
    arguments: list[object] = []
    conditions: list[str] = [ONE_TENANT]
    for name, value in filters.items():
        if value is not None:
            arguments.append(value)
            conditions.append(listing.filters[name].format(f"${len(arguments)}"))
    keys = [(listing.sorts[name].sql(descending=down), listing.sorts[name].type, down) for name, down in order]
    keys.append((f'{listing.identity} COLLATE "C"', "text", order[0][1]))
    if after is not None:
        conditions.append(f"({_beyond(keys, arguments, after)})")
    arguments.append(limit + 1)
    position = ", ".join(f"({key})::text" for key, _, _ in keys)
    rows = await connection.fetch(
        f"SELECT {listing.columns}, ARRAY[{position}] AS page_after FROM {listing.table}"  # noqa: S608
        f" WHERE {' AND '.join(conditions)}"
        f" ORDER BY {', '.join(key + (' DESC' if down else ' ASC') for key, _, down in keys)}"
        f" LIMIT ${len(arguments)}",
        *arguments,
    )
    kept = rows[:limit]
    return Page(
        rows=[{name: value for name, value in row.items() if name != "page_after"} for row in kept],
        after=tuple(kept[-1]["page_after"]) if len(rows) > limit else None,
    )


def _beyond(keys: Sequence[tuple[str, str, bool]], arguments: list[object], after: Sequence[str]) -> str:
    """Give the condition of lying after a position: further in one key, the same in those before it."""
    same: list[str] = []
    cases: list[str] = []
    for (key, kind, down), value in zip(keys, after, strict=True):
        arguments.append(value)
        place = f"${len(arguments)}::text::{kind}"
        cases.append(" AND ".join([*same, f"{key} {'<' if down else '>'} {place}"]))
        same.append(f"{key} = {place}")
    return " OR ".join(f"({case})" for case in cases)
