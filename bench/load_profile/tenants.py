"""The dealer groups that report: each with its rooftops, its key and its stock, made through the API."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.connection import Connection, Request
from bench.load_profile.traffic import MOST_IN_A_BODY, NDJSON, PATH, Traffic
from doso.client import Client
from services.gateway.bootstrap import FirstAdmin, bootstrap
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from bench.load_profile.processes import RunningSystem
    from bench.progress import Steps

TENANTS, ROOFTOPS, STOCK = 4, 5, 300
"""Dealer groups, rooftops of each, and vehicles of each rooftop."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A dealer group and what its systems report."""

    tenant_id: UUID
    api_key: str
    traffic: Traffic


async def stocked_tenants(system: RunningSystem, steps: Steps) -> list[Tenant]:
    """Make the dealer groups and fill their stock; gives them when all of it is acknowledged."""
    tenants = [await _tenant(system, number) for number in range(TENANTS)]
    with steps.step("stocking", total=TENANTS * ROOFTOPS * STOCK) as advance:
        for place, tenant in enumerate(tenants):
            await _stock(system.url, tenant)
            advance((place + 1) * ROOFTOPS * STOCK)
    return tenants


async def _tenant(system: RunningSystem, number: int) -> Tenant:
    pool = await create_pool("gateway", PostgresSettings(dsn=system.dsn))
    try:
        name = f"Group {number + 1}"
        admin = await bootstrap(UnitOfWork(pool, "gateway"), tenant_name=name, username=secrets.token_hex(8))
    finally:
        await pool.close()
    if admin is None:
        message = "a name drawn at random was taken"
        raise RuntimeError(message)
    dealers = await asyncio.to_thread(_rooftops, system.url, admin)
    return Tenant(admin.tenant_id, admin.dms_api_key, Traffic(dealers, STOCK, f"urn:dms:load:{number}"))


def _rooftops(url: str, admin: FirstAdmin) -> Sequence[str]:
    client = Client(url, admin.username, admin.password)
    place = ("USD", "US-MI", "America/Detroit")
    return [client.dealer(f"Rooftop {number + 1}", *place) for number in range(ROOFTOPS)]


async def _stock(url: str, tenant: Tenant) -> None:
    headers = {"content-type": NDJSON, "x-api-key": tenant.api_key}
    events = list(tenant.traffic.first_stock())
    async with Connection(url) as connection:
        for start in range(0, len(events), MOST_IN_A_BODY):
            body = b"\n".join(events[start : start + MOST_IN_A_BODY])
            answer = json.loads(await connection.send(Request("POST", PATH, headers, body)))
            if answer["rejected"]:
                message = f"the gateway refused what is sent here: {answer['rejected'][0]}"
                raise RuntimeError(message)
