"""Asking until the answer is yes, and keeping count of what was answered until then."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 600.0
PAUSE_SECONDS = 0.3
CLIENT_SECONDS = 20.0
"""How long a client waits for one answer."""
TRY_AGAIN = frozenset({429, 503})
"""The answers that an outage may have; any other refusal is a fault of ours."""


class Persistence:
    """Somebody who does not give up, and who remembers every answer."""

    def __init__(self) -> None:
        self.resent = 0
        self.hung = 0
        self.statuses: Counter[int] = Counter()
        self.faults_of_ours: list[str] = []

    async def insist(self, ask: Callable[[], Awaitable[httpx.Response]], *good: int) -> httpx.Response:
        """Ask until it is answered with one of the ``good`` statuses."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = await self._once(ask)
            if answer is not None:
                self.statuses[answer.status_code] += 1
                if answer.status_code in good:
                    return answer
                if answer.status_code not in TRY_AGAIN:
                    self.faults_of_ours.append(f"{answer.status_code}: {answer.text[:300]}")
            assert time.monotonic() < deadline, f"never acknowledged in {PATIENCE_SECONDS:.0f} s: {answer}"
            self.resent += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def _once(self, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response | None:
        try:
            return await ask()
        except httpx.TimeoutException:
            self.hung += 1
        except httpx.HTTPError:
            pass  # nobody there, or not for long enough
        return None
