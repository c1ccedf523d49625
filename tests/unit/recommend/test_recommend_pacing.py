"""What was learned of a tenant is kept for the day, and of so many tenants only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from types import SimpleNamespace
from uuid import UUID

import pytest

from services.recommend import pacing
from services.recommend.computing import Learned, Material
from services.recommend.pacing import Pacing

DAY = date(2026, 3, 2)
TENANTS = [UUID(int=number) for number in range(1, 4)]


class Connection:
    """A database in which nothing ever left a store."""

    async def fetchval(self, *_: object) -> int:
        return 0

    async def cursor(self, *_: object, prefetch: int) -> AsyncIterator[object]:
        for nothing in ():
            yield nothing


class Work:
    @asynccontextmanager
    async def begin(self, *_: UUID):
        yield SimpleNamespace(connection=Connection())


class Pool:
    """Learns nothing, and counts how often."""

    def __init__(self) -> None:
        self.runs = 0

    async def run(self, *_: object) -> tuple[Learned, int]:
        self.runs += 1
        return Learned(None, {}, None), 0


def material(tenant_id: UUID, as_of: date = DAY) -> Material:
    return Material(tenant_id, as_of, [], [], [], [], [], {}, [])


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pacing, "MOST_TENANTS", 2)
    pool = Pool()
    return Pacing(Work(), pool), pool


async def test_it_is_learned_once_a_day(learning) -> None:
    kept, pool = learning
    for _ in range(3):
        await kept.learned(material(TENANTS[0]))
    assert pool.runs == 1
    await kept.learned(material(TENANTS[0], date(2026, 3, 3)))
    assert pool.runs == 2


async def test_the_tenant_learned_of_first_is_let_go(learning) -> None:
    kept, pool = learning
    for tenant in TENANTS:
        await kept.learned(material(tenant))
    assert pool.runs == 3
    await kept.learned(material(TENANTS[2]))
    await kept.learned(material(TENANTS[1]))
    assert pool.runs == 3, "the last two are kept"
    await kept.learned(material(TENANTS[0]))
    assert pool.runs == 4
