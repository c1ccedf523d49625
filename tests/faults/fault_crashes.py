"""Services that die: at the worst moments, and at random ones."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from deploy.local.pipeline import SERVICES
from shared.events.topics import DMS_EVENT_RECEIVED, INVENTORY_UPDATED
from shared.messaging.failpoints import ALLOWED, EXIT_CODE
from tests.faults import kafka
from tests.faults.fleet import until

if TYPE_CHECKING:
    from tests.faults.row import Row

EVERYWHERE = ("transaction.before_commit", "consumer.before_commit", "consumer.after_commit", "relay.after_send")
CASES = [(service, point) for service in SERVICES for point in EVERYWHERE]
CASES.append(("gateway", "transaction.after_commit"))
HIT_SECONDS = 300.0
POISON = b"\x00 no JSON"


@pytest.mark.parametrize(("service", "failpoint"), CASES)
async def test_service_killed_at_failpoint(row: Row, service: str, failpoint: str) -> None:
    armed = row.fleet.services[service]
    await asyncio.to_thread(armed.stop)
    # Not waited for: what it finds waiting may be enough to end it before it is ready.
    passes = 1 if failpoint == "relay.after_send" else 2
    armed.start(DOSO_FAILPOINT=f"{failpoint}:{passes}", DOSO_FAILPOINTS_ALLOWED=ALLOWED)
    parked = 0
    async with row.reporting(pause=0.5):
        if failpoint == "relay.after_send" and service != "gateway":
            # What cannot be read gives every reader something of its own to send.
            parked = await _poison(row, service)
        assert await armed.ended(HIT_SECONDS) == EXIT_CODE
        armed.start()
        row.lifted()
        await armed.ready()
    await row.prove(dead_letters=parked)


async def _poison(row: Row, service: str) -> int:
    topic = DMS_EVENT_RECEIVED if service == "inventory" else INVENTORY_UPDATED
    await kafka.produce(row.fleet.kafka.bootstrap_servers, topic.name, [{"value": POISON, "key": b"k"}])
    return len(topic.consumers)


async def test_fifty_random_kills(row: Row, short: bool) -> None:
    kills = 10 if short else 50
    chance = random.Random(row.repetition)
    victims = [SERVICES[n % len(SERVICES)] for n in range(kills)]
    chance.shuffle(victims)
    services = row.fleet.services
    before = {name: one.starts for name, one in services.items()}
    async with row.fleet.supervised(), row.reporting(people=True, pause=0.5):
        await until(lambda: row.driver.ledger.answers, HIT_SECONDS, "advice to be answered")
        for victim in victims:
            service = services[victim]
            if not service.running:
                await service.ready(supervised=True)
            service.kill()
            await asyncio.sleep(chance.uniform(0.2, 4.0))
        row.lifted()
        await row.fleet.ready(supervised=True)
    for name, deaths in Counter(victims).items():
        assert services[name].starts - before[name] >= deaths, f"{name} was killed {deaths} times"
    await row.prove()
