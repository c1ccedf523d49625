"""A system that pushes signed deliveries, and looks at what came of them."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import httpx
from standardwebhooks import Webhook

import services.gateway.adapters
from deploy.local.servers import PostgresServer
from tests.e2e.conftest import new_vin

if TYPE_CHECKING:
    from tests.conftest import System
    from tests.e2e.conftest import Group

EXAMPLES = Path(services.gateway.adapters.__file__).parent / "examples"
TAKEN = {"accepted": 1, "duplicates": 0, "rejected": []}


@dataclass
class Vendor:
    """A system that pushes, with what it was told when its source was made."""

    api: str
    source: dict[str, Any]

    def sign(self, body: bytes, *, delivery_id: str = "", at: datetime | None = None) -> dict[str, str]:
        """Give the headers of a delivery, signed by the library that vendors use."""
        at, name = at or datetime.now(UTC), delivery_id or f"msg_{uuid4().hex}"
        return {
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.source["secret"]).sign(name, at, body.decode()),
            "content-type": "application/json",
        }

    def post(self, body: bytes, headers: dict[str, str], path: str = "") -> httpx.Response:
        """Post as it is."""
        url = path or f"/dms/webhooks/{self.source['id']}"
        return httpx.post(f"{self.api}{url}", content=body, headers=headers, timeout=60)

    def push(self, document: Any, **changes: Any) -> dict[str, Any]:
        """Push a document signed; gives what became of it."""
        body = json.dumps(document).encode()
        answer = self.post(body, self.sign(body, **changes))
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found


def query(system: System, sql: str, *arguments: Any) -> list[Any]:
    """Ask the database as its owner."""

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(PostgresServer(system.data_dir).dsn())
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    return asyncio.run(ask())


def outbox(system: System, text: str) -> int:
    """Count the events that left the gateway and mention this."""
    sql = "SELECT count(*) FROM gateway.outbox WHERE topic = 'dms-event-received' AND position($1 IN payload) > 0"
    return int(query(system, sql, text.encode())[0]["count"])


def stocked(group: Group, dealer: str, **fields: Any) -> dict[str, Any]:
    return group.event(dealer, "vehicle.stocked", new_vin(), make="Toyota", model="RAV4", **fields)


def star(name: str, vin: str) -> dict[str, Any]:
    """Give an adapter's example, of a vehicle nobody else has."""
    text = (EXAMPLES / f"{name}.json").read_text()
    for known in ("4T1G11AK8NU123459", "1M8GDM9AXKP042788"):
        text = text.replace(known, vin)
    document: dict[str, Any] = json.loads(text)
    return document


def soiled(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Give a document with one or two of its values replaced by what is no such value."""

    def slots(node: Any) -> list[tuple[Any, Any]]:
        items = (
            list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        )
        return [(node, key) for key, _ in items] + [slot for _, value in items for slot in slots(value)]

    for _ in range(chance.choice((1, 2))):
        node, key = chance.choice(slots(document))
        node[key] = chance.choice(
            (
                None,
                True,
                -1,
                10**18,
                1e300,
                "",
                "\0",
                "x" * 400,
                "\U0001f697",
                [],
                {},
                [[1]],
                {"value": {}},
                "2026-13-45",
            )
        )
    return document


def basic(vendor: Vendor) -> str:
    return "Basic " + base64.b64encode(f"{vendor.source['id']}:{vendor.source['secret']}".encode()).decode()
