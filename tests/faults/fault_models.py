"""A vector store or an embedding model that is away or slow: advice goes out, and says what it lacks.

The server behind the proxy is a stand-in: see stub_models.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from shared.vectors.hashing import HashingEmbedder
from tests.e2e.conftest import new_vin
from tests.faults import proof
from tests.faults.proxy import proxied
from tests.faults.stub_models import OPENAI_DIMENSION, stub_models

if TYPE_CHECKING:
    from tests.faults.proxy import Behaviour
    from tests.faults.row import Row

ADVISED_SECONDS = 300.0
LATE_SECONDS = 30.0
"""By how much what is away may put advice off: each call may take two seconds, and three of them open the breaker."""
BREAKER = {
    "DOSO_VECTORS_BREAKER_COOLDOWN_SECONDS": "2",
    "DOSO_VECTORS_SEARCH_TIMEOUT_SECONDS": "2",
    "DOSO_VECTORS_WRITE_TIMEOUT_SECONDS": "2",
}


@pytest.mark.parametrize("behaviour", ["cut", "silent", "slow"])
@pytest.mark.parametrize("part", ["vector store", "embedding model"])
async def test_similarity(row: Row, part: str, behaviour: Behaviour) -> None:
    model = part == "embedding model"
    async with stub_models(OPENAI_DIMENSION if model else HashingEmbedder().dimension) as stub:
        async with proxied(stub.port) as proxy:
            at_fault, well = f"http://127.0.0.1:{proxy.port}", f"http://127.0.0.1:{stub.port}"
            extra = {"DOSO_QDRANT_URL": well if model else at_fault, **BREAKER}
            if model:
                extra |= {
                    "DOSO_EMBEDDER": "openai", "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": f"{at_fault}/v1",
                    "DOSO_OPENAI_TIMEOUT_SECONDS": "2",
                }  # fmt: skip
            await row.fleet.restart("recommend", **extra)
            assert await _well(row), "advice has its similar cases while all is well"
            assert stub.searches > 0
            usual = time.monotonic()
            await _degraded(row)
            proxy.become(behaviour, delay=5.0)
            began = time.monotonic()
            assert await _degraded(row), f"advice says that it lacks similar cases while the {part} is {behaviour}"
            late = time.monotonic() - began
            assert late < LATE_SECONDS + 2 * (began - usual), f"advice waited {late:.0f} s for the {part}"
            proxy.become("open")
            row.lifted()
            await asyncio.sleep(3)  # the breaker's cool-down
            assert await _well(row), "advice has its similar cases again"
        await row.prove()


async def _well(row: Row) -> bool:
    """Ask for advice until it lacks nothing twice running: one answer that came late marks all of its review."""
    complete = 0
    for _ in range(10):
        complete = 0 if await _degraded(row) else complete + 1
        if complete == 2:
            return True
        await asyncio.sleep(3)  # the breaker's cool-down
    return False


async def _degraded(row: Row) -> bool:
    """Stock a vehicle that needs advice, wait for it, and tell whether similarity is missing from it."""
    vin = new_vin()
    await row.driver.stock([vin])
    deadline = time.monotonic() + ADVISED_SECONDS
    while True:
        async with row.fleet.owner() as connection:
            document = await connection.fetchval(
                "SELECT document->'degraded' ? 'similarity' FROM gateway.recommendation"
                " WHERE tenant_id = $1 AND document->>'vehicle_key' = $2",
                row.driver.tenant,
                vin,
            )
        if document is not None:
            return bool(document)
        assert time.monotonic() < deadline, (
            f"no advice after {ADVISED_SECONDS:.0f} s: {await proof.unsettled(row.fleet)}"
        )
        await asyncio.sleep(0.2)
