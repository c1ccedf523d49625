"""The people of a dealer group: they upload what the market advertises, and answer advice."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx

from tests.e2e.conftest import new_vin
from tests.faults.at_work import at_work
from tests.faults.persistence import CLIENT_SECONDS, Persistence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.gateway.bootstrap import FirstAdmin
    from tests.faults.fleet import Fleet
    from tests.faults.ledger import Ledger

ADVERTS = 5
ADVERTISING_SECONDS = 1.0
ANSWERING_SECONDS = 0.5
TOKEN_SECONDS = 600.0
"""Of the 900 that one lives."""


class People:
    """Upload files of adverts and answer advice, each until it is acknowledged, and note it."""

    def __init__(self, fleet: Fleet, ledger: Ledger, asking: Persistence, *, admin: FirstAdmin, dealer: str) -> None:
        self._fleet = fleet
        self._ledger = ledger
        self._asking = asking
        self._admin = admin
        self._dealer = dealer
        self._http = httpx.AsyncClient(timeout=CLIENT_SECONDS)
        self._signed_in = -TOKEN_SECONDS
        self._tried: set[UUID] = set()

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Work for as long as the block runs; what was begun is acknowledged when it ends."""
        done = asyncio.Event()
        async with at_work(done, self._advertise(done), self._answer(done)):
            yield

    async def advertise(self, count: int = ADVERTS) -> None:
        """Upload a file of adverts that nobody else has."""
        day = datetime.now(UTC).date() - timedelta(days=1)
        adverts = {new_vin(): f"{14_000 + 150 * number}.00" for number in range(count)}
        rows = [
            {
                "VIN": name, "Listing ID": name, "Make": "Toyota", "Model": "RAV4", "Year": 2022, "Condition": "Used",
                "Odometer": 30_000 + 100 * number, "Price": price, "Seller": "Somebody Else",
                "First Seen": (day - timedelta(days=20)).isoformat(), "Last Seen": day.isoformat(),
            }
            for number, (name, price) in enumerate(adverts.items())
        ]  # fmt: skip
        await self._asking.insist(lambda: self._upload(rows), 202)
        self._ledger.advertised(adverts)

    async def _upload(self, rows: list[dict[str, Any]]) -> httpx.Response:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return await self._http.post(
            f"{self._fleet.url}/market/imports",
            headers={"X-API-Key": self._admin.dms_api_key},
            data={"dealer_id": self._dealer},
            files={"file": ("market.csv", text.getvalue().encode())},
        )

    async def _advertise(self, done: asyncio.Event) -> None:
        while not done.is_set():
            await self.advertise()
            await asyncio.sleep(ADVERTISING_SECONDS)

    async def _answer(self, done: asyncio.Event) -> None:
        while not done.is_set():
            await self._sign_in()
            page = await self._asking.insist(self._advice, 200)
            found = [UUID(one["id"]) for one in page.json()["items"]]
            if waiting := [one for one in found if one not in self._tried]:
                await self._decide(waiting[0])
            await asyncio.sleep(ANSWERING_SECONDS)

    async def _advice(self) -> httpx.Response:
        params = {"answered": "false", "limit": 100}
        return await self._http.get(f"{self._fleet.url}/recommendations", params=params)

    async def _decide(self, advice: UUID) -> None:
        """Answer a piece of advice, which nobody answers again; it may have been superseded a moment ago (409)."""
        self._tried.add(advice)
        body = {"decision": "declined", "reason": uuid4().hex}
        path = f"{self._fleet.url}/recommendations/{advice}/response"
        answer = await self._asking.insist(lambda: self._http.post(path, json=body), 200, 409)
        if answer.status_code == 200:
            self._ledger.answered(advice, body["reason"])

    async def _sign_in(self) -> None:
        if time.monotonic() - self._signed_in < TOKEN_SECONDS:
            return
        form = {"username": self._admin.username, "password": self._admin.password}
        answer = await self._asking.insist(lambda: self._http.post(f"{self._fleet.url}/auth/token", data=form), 200)
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._signed_in = time.monotonic()
