"""Bodies that nobody should send: refused one by one, at no cost to what is sent beside them."""

from __future__ import annotations

import asyncio
import gzip
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from tests.faults import proof
from tests.faults.persistence import TRY_AGAIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.row import Row

MIB = 1024 * 1024
COMINGS = 60


async def test_oversized_and_malformed(row: Row, short: bool) -> None:
    """Bodies that are too large, too deep, packed or broken are refused; memory does not follow, nor do good ones wait."""
    gateway = psutil.Process(row.fleet.services["gateway"].pid)
    async with row.reporting(pause=0.3):
        statuses = await _assault(row, 1)
        before = gateway.memory_info().rss
        for _ in range(2 if short else 6):
            statuses |= await _assault(row, 4)
        after = gateway.memory_info().rss
        row.lifted()
    # 202 is what broken lines get, each told of; nothing of them was accepted.
    assert all(status == 202 or 400 <= status < 500 for status in statuses), statuses
    assert {400, 413, 415} <= statuses
    assert after < before * 1.25 + 64e6, f"memory grew from {before / 1e6:.0f} to {after / 1e6:.0f} MB"
    await row.prove()
    await proof.settle(row.fleet, row.driver)


async def _assault(row: Row, at_once: int) -> set[int]:
    headers = {"X-API-Key": row.driver.admin.dms_api_key, "content-type": "application/json"}
    bomb = gzip.compress(b"[" + b"0," * 2_000_000 + b"0]")
    bodies: list[tuple[Any, dict[str, str]]] = [
        (b" " * (10 * MIB), {}),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, {}),
        (b"[" * 200_000, {}),
        (bomb, {"content-encoding": "gzip"}),
        (b'{"specversion": ', {}),
        (b"\xff\xfe\x00\x00", {}),
        (b"null", {}),
        (b"", {}),
    ]

    async def chunks() -> Any:
        for _ in range(10):
            yield b" " * MIB

    async with httpx.AsyncClient(timeout=60, headers=headers) as http:

        async def one(body: Callable[[], Any], more: dict[str, str]) -> int:
            for _ in range(COMINGS):
                answer = await http.post(f"{row.fleet.url}/dms/events", content=body(), headers=more)
                assert answer.status_code != 202 or answer.json()["accepted"] == 0
                if answer.status_code not in TRY_AGAIN:
                    break
                await asyncio.sleep(0.5)  # a gateway that is busy has one come again
            return answer.status_code

        tasks = [one(partial(bytes, body), more) for body, more in bodies * at_once]
        tasks += [one(chunks, {}) for _ in range(at_once)]
        return set(await asyncio.gather(*tasks))
