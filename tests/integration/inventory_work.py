"""Inventory's unit of work on a real database, for tests of its handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("inventory", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "inventory")
    await pool.close()
