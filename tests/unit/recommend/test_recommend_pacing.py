"""What was learned of a tenant is kept for the day, and of so many tenants only."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import date
from types import SimpleNamespace
from uuid import UUID

import pytest
from recommend_sample_books import book

from services.recommend import pacing
from services.recommend.pacing import Learned, Pacing

DAY = date(2026, 3, 2)
TENANTS = [UUID(int=number) for number in range(1, 4)]


class Connection:
    """A database in which nothing ever left a store."""

    async def fetchval(self, *_: object) -> int:
        return 0

    async def fetch(self, *_: object) -> list[object]:
        return []


class Work:
    @asynccontextmanager
    async def begin(self, *_: UUID):
        yield SimpleNamespace(connection=Connection())


class Pool:
    """Learns nothing, and counts how often."""

    def __init__(self) -> None:
        self.runs = 0

    async def run(self, *_: object) -> Learned:
        self.runs += 1
        return Learned(None, {})


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pacing, "MOST_TENANTS", 2)
    pool = Pool()
    return Pacing(Work(), pool), pool


async def test_it_is_learned_once_a_day(learning) -> None:
    kept, pool = learning
    for _ in range(3):
        await kept.attach(TENANTS[0], book(), DAY)
    assert pool.runs == 1
    await kept.attach(TENANTS[0], book(), date(2026, 3, 3))
    assert pool.runs == 2


async def test_the_tenant_learned_of_first_is_let_go(learning) -> None:
    kept, pool = learning
    for tenant in TENANTS:
        await kept.attach(tenant, book(), DAY)
    assert pool.runs == 3
    await kept.attach(TENANTS[2], book(), DAY)
    await kept.attach(TENANTS[1], book(), DAY)
    assert pool.runs == 3, "the last two are kept"
    await kept.attach(TENANTS[0], book(), DAY)
    assert pool.runs == 4
