"""Keyset pages: whatever the sort and the size of a page, every row once, while others come in between."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.servers import PostgresServer
from services.gateway.store.listings import RECOMMENDATIONS
from services.gateway.store.pages import read_page
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import Iterator

DEALERS = [UUID(int=number) for number in (1, 2, 3)]
KEYS = ("value", "confidence", "segment", "dealer_id", "action")
Row = tuple[int, int | None, str | None, int, str]
rows = st.tuples(
    st.integers(-2, 2), st.none() | st.integers(0, 2), st.none() | st.sampled_from(["a", "é", "Z", "ab"]),
    st.integers(0, 2), st.sampled_from(["order", "hold"]),
)  # fmt: skip
orders = st.lists(
    st.tuples(st.sampled_from(KEYS), st.booleans()), min_size=1, max_size=3, unique_by=lambda key: key[0]
)


class Book:
    """A database of advice, and a loop to speak to it from tests that are not coroutines."""

    def __init__(self, dsn: str) -> None:
        self.runner = asyncio.Runner()
        self.pool = self.runner.run(create_pool("gateway", PostgresSettings(dsn=dsn)))
        self.work = UnitOfWork(self.pool, "gateway")

    async def add(self, tenant: UUID, added: list[Row]) -> None:
        async with self.work.begin(tenant) as tx:
            await tx.connection.executemany(
                "INSERT INTO recommendation (tenant_id, recommendation_id, dealer_id, action, status, value,"
                " issued_at, expires_at, document) VALUES ($1, $2, $3, $4, 'issued', $5, $6, $6, $7)",
                [
                    (tenant, uuid4(), DEALERS[dealer], action, Decimal(value), datetime.now(UTC),
                     {"confidence": confidence, "segment": segment})
                    for value, confidence, segment, dealer, action in added
                ],
            )  # fmt: skip

    async def page(self, tenant: UUID, order: list[tuple[str, bool]], after: Any, limit: int) -> Any:
        async with self.work.begin(tenant) as tx:
            return await read_page(
                tx.connection, RECOMMENDATIONS, filters={"status": "issued"}, order=order, after=after, limit=limit
            )


@pytest.fixture(scope="module")
def book(postgres_server: PostgresServer, migrated_template: str) -> Iterator[Book]:
    name = f"pages_{uuid4().hex[:12]}"

    async def administer(statement: str) -> None:
        connection = await asyncpg.connect(postgres_server.dsn())
        await connection.execute(statement)
        await connection.close()

    asyncio.run(administer(f"CREATE DATABASE {name} TEMPLATE {migrated_template}"))
    opened = Book(postgres_server.dsn(database=name))
    yield opened
    opened.runner.run(opened.pool.close())
    opened.runner.close()
    asyncio.run(administer(f"DROP DATABASE {name} WITH (FORCE)"))


@given(there=st.lists(rows, max_size=25), coming=st.lists(rows, max_size=8), order=orders, limit=st.integers(1, 30))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_comes_once_and_in_order(
    book: Book, there: list[Row], coming: list[Row], order: list[tuple[str, bool]], limit: int
) -> None:
    tenant = uuid4()

    async def walk() -> tuple[list[dict[str, Any]], list[str], int]:
        await book.add(tenant, there)
        async with book.work.begin(tenant) as tx:
            first = {row["recommendation_id"] for row in await tx.connection.fetch("SELECT * FROM recommendation")}
            await tx.connection.execute(
                "UPDATE recommendation SET document = document || jsonb_build_object('id', recommendation_id,"
                " 'value', value, 'action', action, 'dealer_id', dealer_id)"
            )
        waiting = list(coming)
        found: list[dict[str, Any]] = []
        after, pages = None, 0
        while pages == 0 or after is not None:
            page = await book.page(tenant, order, after, limit)
            found += page.rows
            after, pages = page.after, pages + 1
            if waiting:
                await book.add(tenant, [waiting.pop()])
        mine = [row["document"] for row in found if "id" in row["document"]]
        return mine, sorted(map(str, first)), pages

    mine, first, pages = book.runner.run(walk())
    assert sorted(document["id"] for document in mine) == first
    assert pages >= len(there) / limit
    assert [place(document, order) for document in mine] == sorted(place(document, order) for document in mine)


def place(document: dict[str, Any], order: list[tuple[str, bool]]) -> list[Any]:
    """Give a key by which Python sorts as the list does: what has no value last, ties left as they are."""
    key: list[Any] = []
    for name, descending in order:
        value = document[name]
        if name in {"value", "confidence"}:
            number = None if value is None else float(value)
            key.append((number is None, 0 if number is None else -number if descending else number))
        else:
            code = [] if value is None else [-ord(c) if descending else ord(c) for c in value]
            key.append((value is None, [*code, *([1] if descending else [-1])]))
    return key
