"""The doctor at real servers: PostgreSQL as it should be and as it should not, and the system as `doso up` runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest

from deploy.local.pipeline import SERVICES
from doso.doctor import topics
from doso.doctor.database import newest_version
from doso.doctor.deployment import Deployment
from doso.doctor.examination import examine
from doso.doctor.findings import Status
from shared.messaging import KafkaSettings, ensure_topics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DATABASE = ("roles", "tenancy", "migrations", "clock")
WORST = {
    "tenancy": "ALTER TABLE feedback.advice DISABLE ROW LEVEL SECURITY",
    "roles": "GRANT TRUNCATE ON inventory.sale TO doso_inventory",
    "migrations": "UPDATE market.alembic_version SET version_num = 'market_0000'",
}


@pytest.fixture
async def owner(migrated: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(migrated)
    yield connection
    await connection.close()


async def statuses(dsn: str, *names: str) -> dict[str, set[Status]]:
    found = await examine(Deployment(environment={}, postgres_dsn=dsn), names or DATABASE)
    return {name: {each.status for each in found if each.check == name} for name in names or DATABASE}


def well(name: str, found: set[Status]) -> bool:
    """Tell whether nothing is wrong; where it took long to ask for the time the clock is in doubt, and no more."""
    return found == {Status.OK} or (name, found) == ("clock", {Status.WARN})


async def test_a_migrated_database_is_well(migrated: str) -> None:
    found = await statuses(migrated)
    assert [name for name in DATABASE if well(name, found[name])] == [*DATABASE]


async def test_a_services_own_role_suffices_but_for_the_migrations(migrated: str) -> None:
    found = await statuses(migrated.replace("postgres@", "doso_gateway@"))
    assert found["migrations"] == {Status.WARN}
    assert {name for name, each in found.items() if well(name, each)} == set(DATABASE) - {"migrations"}


@pytest.mark.parametrize("name", WORST)
async def test_each_check_of_the_database_finds_what_is_wrong(migrated: str, owner, name: str) -> None:
    await owner.execute(WORST[name])
    found = await statuses(migrated)
    assert Status.FAIL in found.pop(name)
    assert all(well(*each) for each in found.items())


@pytest.mark.parametrize("role", ["postgres", "doso_gateway"])
async def test_a_source_whose_adapter_is_gone_is_found(migrated: str, owner, role: str) -> None:
    dsn = migrated.replace("postgres@", f"{role}@")
    assert await statuses(dsn, "sources") == {"sources": {Status.OK}}
    for number, (adapter, status) in enumerate((("canonical", "active"), ("gone", "disabled"), ("gone", "active"))):
        tenant = UUID(int=number + 1)
        await owner.execute("INSERT INTO gateway.tenant (tenant_id, name) VALUES ($1, 'A')", tenant)
        await owner.execute("INSERT INTO gateway.live_position VALUES ($1, 1)", tenant)
        await owner.execute(
            "INSERT INTO gateway.dms_source (tenant_id, source_id, name, adapter, authentication, status, secret,"
            " created_at, dealer_codes) VALUES ($1, $2, 'a', $3, 'signature', $4, '', now(), '{}')",
            tenant, f"src{number}", adapter, status,
        )  # fmt: skip
    found = await examine(Deployment(environment={}, postgres_dsn=dsn), ["sources"])
    assert [(each.status, each.found) for each in found] == [
        (Status.FAIL, "1 active sources need the adapter 'gone', which is not in this program")
    ]


async def test_an_empty_database_is_not_well(postgres_server) -> None:
    found = await statuses(postgres_server.dsn(database="postgres"), "tenancy", "migrations")
    assert found == {"tenancy": {Status.FAIL}, "migrations": {Status.FAIL}}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_newest_version_is_the_one_that_migrating_leads_to(owner, service: str) -> None:
    assert await owner.fetchval(f"SELECT version_num FROM {service}.alembic_version") == newest_version(service)


@pytest.mark.apache
async def test_topics_that_migrating_made_are_well_and_strange_ones_are_found(
    kafka_servers: str, broker_kind: str
) -> None:
    if broker_kind != "apache":
        pytest.skip("the in-memory broker has no admin API")
    await ensure_topics(KafkaSettings(bootstrap_servers=kafka_servers))
    deployment = Deployment(environment={}, kafka=kafka_servers)
    assert [each.status for each in await topics.check(deployment)] == [Status.OK]
