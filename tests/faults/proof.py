"""What has to be true after a fault: nothing lost, nothing twice, everything come to rest, the same when recomputed."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import asyncpg
from confluent_kafka import KafkaException

from deploy.local.pipeline import SERVICES, read_pipeline
from doso.rebuild.connections import connected
from doso.rebuild.running import compare
from services.inventory import store as inventory
from services.inventory.domain import fold
from shared.postgres.pool import speak_json
from shared.postgres.work import MAX_ATTEMPTS
from tests.faults import kafka
from tests.faults.driver import ORDERED

if TYPE_CHECKING:
    from uuid import UUID

    from tests.faults.driver import Driver
    from tests.faults.fleet import Fleet

RECOVERY_SECONDS = 600.0
"""The bound, generous because the whole system shares a small machine with its tests."""
# A broker that has just started does not list all topics yet.
_AWAY = (OSError, TimeoutError, KafkaException, KeyError, asyncpg.PostgresError, asyncpg.InterfaceError)
READ_MODEL = (
    "dealer_id", "version", "status", "condition", "make", "model", "stock_date", "group_stock_date", "list_price",
    "cost", "recon_cost", "exit_date", "purchase_type", "front_gross",
)  # fmt: skip
"""What the gateway's read model has of inventory's own state."""
CHECKED = {
    "read-model": {"histories", "vehicles", "markets", "forecasts", "advice and answers"},
    "market": {"own vehicles", "markets", "markets for advice"},
}
"""Copies that every row's vehicles have rows in; outcomes and learned policies take longer than a row."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was counted while proving."""

    acknowledged: int
    effects: int
    dead_letters: int


async def unsettled(fleet: Fleet) -> str | None:
    """Say what is still under way; None when everything has come to rest."""
    try:
        async with fleet.owner() as connection:
            if len(fleet.services) >= len(SERVICES):
                pipeline = await read_pipeline(connection)
                if not pipeline.idle:
                    missing = {(s.topic, s.consumer): s.missing for s in pipeline.stages if s.missing}
                    return f"pipeline: {missing}, work {pipeline.work_due}"
            for service in _services(fleet):
                waiting = await connection.fetchval(f"SELECT count(*) FROM {service}.outbox_waiting")
                if waiting:
                    return f"{waiting} rows in the outbox of {service}"
        if behind := await asyncio.to_thread(kafka.lag, fleet.kafka.bootstrap_servers, _services(fleet)):
            return f"consumers are {behind} records behind"
    except _AWAY as error:
        return f"{type(error).__name__}: {error}"
    return None


async def settle(fleet: Fleet, driver: Driver, within: float = RECOVERY_SECONDS) -> None:
    """Wait until everything acknowledged was taken in and everything has come to rest, and stays there."""
    deadline = time.monotonic() + within
    calm = 0
    while calm < 2:
        what = await unsettled(fleet) or await _missing(fleet, driver)
        calm = 0 if what else calm + 1
        assert time.monotonic() < deadline, f"not at rest after {within:.0f} s: {what}"
        await asyncio.sleep(0.3)


async def arrive(fleet: Fleet, driver: Driver) -> None:
    """Wait until everything acknowledged was taken in, whatever else is under way."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while what := await _missing(fleet, driver):
        assert time.monotonic() < deadline, f"after {RECOVERY_SECONDS:.0f} s: {what}"
        await asyncio.sleep(0.1)


async def prove(fleet: Fleet, driver: Driver, *, dead_before: int = 0, dead_letters: int = 0) -> Proof:
    """Prove that what was acknowledged happened, once, and that all stores agree with what was reported."""
    assert not driver.faults_of_ours, f"answers that are our fault: {driver.faults_of_ours[:3]}"
    wanted = driver.ledger.effects
    async with fleet.owner() as connection:
        await speak_json(connection)
        found = await _effects(connection, driver)
        parked = await _parked(connection, driver)
        for event_id, count in wanted.items():
            assert found[event_id] == count or event_id in parked, f"{event_id}: {found[event_id]} of {count} effects"
            assert not (found[event_id] and event_id in parked), f"{event_id} has effects and is parked too"
        assert set(found) <= set(wanted), "effects of what nobody acknowledged"
        new_dead = await dead(connection) - dead_before
        assert new_dead == dead_letters, f"{new_dead} dead letters instead of {dead_letters}"
        await _recomputed(connection, driver.tenant)
        await _as_reported(connection, driver)
        others = await _as_told(connection, fleet, driver)
        for service in SERVICES:
            assert await _failed(connection, service) == 0, f"{service} gave up work"
    await _as_owned(fleet, driver)
    effects = sum(event_id in found for event_id in wanted)
    return Proof(len(wanted) + others, effects + others, new_dead)


async def dead(connection: asyncpg.Connection[Any]) -> int:
    """Count all dead letters."""
    counts = [await connection.fetchval(f"SELECT count(*) FROM {service}.dead_letter") for service in SERVICES]
    return sum(counts)


async def fingerprint(fleet: Fleet) -> dict[str, str]:
    """Give a digest of every table whose content must not change when events come again."""
    tables = (
        "inventory.vehicle", "inventory.vehicle_event", "inventory.sale", "inventory.inbox", "gateway.vehicle",
        "gateway.inbox", "market.inbox", "forecast.inbox", "recommend.inbox", "feedback.inbox",
    )  # fmt: skip
    async with fleet.owner() as connection:
        return {
            table: await connection.fetchval(
                f"SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {table} AS t"
            )
            for table in tables
        }


async def _missing(fleet: Fleet, driver: Driver) -> str | None:
    try:
        async with fleet.owner() as connection:
            count = await connection.fetchval(
                "SELECT count(*) FROM unnest($1::uuid[]) AS u(id)"
                " WHERE NOT EXISTS (SELECT FROM inventory.inbox WHERE event_id = id)"
                " AND NOT EXISTS (SELECT FROM inventory.dead_letter WHERE event_id = id)",
                list(driver.ledger.effects),
            )
    except _AWAY as error:
        return f"{type(error).__name__}: {error}"
    return f"{count} acknowledged events have not arrived" if count else None


async def _effects(connection: asyncpg.Connection[Any], driver: Driver) -> Counter[UUID]:
    rows = await connection.fetch("SELECT event_id FROM inventory.vehicle_event WHERE tenant_id = $1", driver.tenant)
    return Counter(row["event_id"] for row in rows)


async def _parked(connection: asyncpg.Connection[Any], driver: Driver) -> set[UUID]:
    rows = await connection.fetch(
        "SELECT event_id FROM inventory.dead_letter WHERE event_id = ANY($1)", list(driver.ledger.effects)
    )
    return {row["event_id"] for row in rows}


async def _failed(connection: asyncpg.Connection[Any], service: str) -> int:
    exists = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{service}.work")
    if not exists:
        return 0
    count: int = await connection.fetchval(f"SELECT count(*) FROM {service}.work WHERE attempts >= {MAX_ATTEMPTS}")
    return count


async def _recomputed(connection: asyncpg.Connection[Any], tenant: UUID) -> None:
    """Fold all that was ever reported anew, and hold it against inventory's state and the gateway's read model."""
    async with connection.transaction():
        await connection.execute("SET LOCAL search_path = inventory")
        rows = await connection.fetch("SELECT DISTINCT vehicle_key FROM vehicle_event WHERE tenant_id = $1", tenant)
        keys = [(tenant, row["vehicle_key"]) for row in rows]
        history = await inventory.load_history(connection, keys)
        stored = await inventory.load_lives(connection, keys)
    shown = {
        row["vehicle_key"]: row
        for row in await connection.fetch("SELECT * FROM gateway.vehicle WHERE tenant_id = $1", tenant)
    }
    assert set(shown) == {key for _, key in keys}
    for key in keys:
        anew = fold(key[1], None, history[key])
        version = stored[key].vehicle.version
        assert stored[key].vehicle == anew.vehicle.altered(version=version), f"{key[1]} is not what was reported"
        assert set(stored[key].sales) == set(anew.sales), f"the sales of {key[1]} are not what was reported"
        expected = {name: getattr(anew.vehicle.altered(version=version), name) for name in READ_MODEL}
        assert {name: shown[key[1]][name] for name in READ_MODEL} == expected, f"{key[1]} is shown wrongly"


async def _as_owned(fleet: Fleet, driver: Driver) -> None:
    """Hold every copy that a service keeps of what another owns against its owner, as `doso rebuild --dry-run` does.

    What is computed later than it was due (a review that had rested) is on its way then, and counts as a difference:
    so one is looked at once more when all is at rest again. What was lost stays lost.
    """
    whole = len(_services(fleet)) == len(SERVICES)
    for target in ("read-model", "market") if whole else ("read-model",):
        steps, wrong = await _compared(fleet, driver, target)
        if wrong:
            await settle(fleet, driver)
            steps, still = await _compared(fleet, driver, target)
            assert not still, f"{target} is not what its owners hold: {still}; when first looked at: {wrong}"
        looked_at = {name for name, counts in steps.items() if counts["checked"]}
        assert looked_at >= (CHECKED[target] if whole else {"histories", "vehicles"}), f"only {looked_at} were there"


async def _compared(
    fleet: Fleet, driver: Driver, target: str
) -> tuple[dict[str, Counter[str]], dict[str, dict[str, int]]]:
    async with connected(fleet.dsn) as connections:
        steps = (await compare(connections, target, [driver.tenant])).counts
    return steps, {name: dict(counts) for name, counts in steps.items() if counts.total() != counts["checked"]}


async def _as_reported(connection: asyncpg.Connection[Any], driver: Driver) -> None:
    """Hold the read model against what the driver itself knows to be true."""
    rows = await connection.fetch(
        "SELECT document->>'vin' AS vin, list_price, status, vehicle_key, document FROM gateway.vehicle"
        " WHERE tenant_id = $1",
        driver.tenant,
    )
    shown = {row["vin"]: row for row in rows if row["vin"]}
    for vin, price in driver.ledger.prices().items():
        assert shown[vin]["list_price"] == Decimal(price), f"{vin} costs {shown[vin]['list_price']}, not {price}"
    assert {vin for vin, row in shown.items() if row["status"] == "sold"} == driver.ledger.sold()
    [order] = [row for row in rows if row["vehicle_key"].startswith("order:")]
    # The one effect here that a second application would change: each unit that came is taken off once.
    assert order["document"]["quantity"] == ORDERED - driver.ledger.received()


async def _as_told(connection: asyncpg.Connection[Any], fleet: Fleet, driver: Driver) -> int:
    """Hold market's adverts and the answers to advice against what people told; gives how many those were."""
    if "market" not in fleet.services:
        return 0
    adverts = await connection.fetch(
        "SELECT listing_id, price FROM market.listing WHERE tenant_id = $1", driver.tenant
    )
    wanted = {name: Decimal(price) for name, price in driver.ledger.adverts.items()}
    assert {row["listing_id"]: row["price"] for row in adverts} == wanted, "not the adverts that were uploaded"
    for table, column in (("gateway.recommendation", "answer"), ("feedback.answer", "document")):
        answers = await connection.fetch(
            f"SELECT recommendation_id AS id, {column}->>'reason' AS reason FROM {table}"
            " WHERE tenant_id = $1 AND recommendation_id = ANY($2)",
            driver.tenant,
            list(driver.ledger.answers),
        )
        assert {row["id"]: row["reason"] for row in answers} == driver.ledger.answers, f"{table} has other answers"
    return len(driver.ledger.adverts) + len(driver.ledger.answers)


def _services(fleet: Fleet) -> list[str]:
    return [name for name in SERVICES if name in fleet.services]
