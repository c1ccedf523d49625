"""The rules of tenancy as PostgreSQL's catalogue has them, over every service's schema; and that each rule bites."""

from __future__ import annotations

import asyncpg
import pytest

from deploy.local.pipeline import SERVICES
from doso.doctor import catalogue
from doso.doctor.exceptions import KEYS_ACROSS_TENANTS, LOOKUPS, TABLES_OF_IDS, TABLES_OF_NO_TENANT
from doso.doctor.roles import overmighty_roles

TRAILS = ["gateway.audit"]


@pytest.fixture
async def owner(migrated: str):
    connection = await asyncpg.connect(migrated)
    yield connection
    await connection.close()


async def problems(owner) -> list[str]:
    found = [
        problem
        for rule in (
            catalogue.unfenced_tables, catalogue.tables_of_nobody, catalogue.other_policies,
            catalogue.keys_across_tenants, catalogue.ways_around, overmighty_roles,
        )
        for problem in await rule(owner, SERVICES)
    ]  # fmt: skip
    return found + await catalogue.changeable_trails(owner, TRAILS)


async def test_every_schema_keeps_the_rules(owner) -> None:
    assert await problems(owner) == []


async def test_every_exception_is_still_needed(owner) -> None:
    tables = {
        row[0]
        for row in await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = ANY($1)", list(SERVICES))
    }
    assert tables >= {*TABLES_OF_NO_TENANT, *TABLES_OF_IDS}
    policies = await owner.fetch("SELECT schemaname || '.' || tablename || ' ' || policyname FROM pg_policies")
    assert {row[0] for row in policies} >= set(LOOKUPS)
    for key in KEYS_ACROSS_TENANTS:
        schema, table = key.split(" ")[0].split(".")
        assert await owner.fetchval("SELECT to_regclass($1)", f"{schema}.{table}") is not None


BREACHES = {
    "ALTER TABLE market.listing DISABLE ROW LEVEL SECURITY": "market.listing: row-level security is not enabled",
    "ALTER TABLE market.listing NO FORCE ROW LEVEL SECURITY": "not forced for the owner",
    "ALTER POLICY tenant_isolation ON market.listing WITH CHECK (true)": "USING and WITH CHECK alike",
    "DROP POLICY tenant_isolation ON feedback.advice": "feedback.advice: the policy tenant_isolation",
    "CREATE TABLE market.note (tenant_id uuid NOT NULL, text text)": "market.note: row-level security is not enabled",
    "CREATE TABLE market.note (text text)": "market.note has no tenant_id",
    "ALTER TABLE market.work ADD customer text": "holds more than ids: ['customer']",
    "CREATE POLICY generous ON market.listing USING (true)": "market.listing generous: FOR ALL USING true",
    "CREATE UNIQUE INDEX ON market.own_unit (vin)": "unique across tenants: market.own_unit (vin)",
    "CREATE UNIQUE INDEX ON gateway.import (import_id);"
    "ALTER TABLE gateway.import_chunk ADD FOREIGN KEY (import_id) REFERENCES gateway.import (import_id)":
        "foreign key without the tenant: gateway.import_chunk",
    "CREATE VIEW gateway.peek AS SELECT * FROM gateway.vehicle": "gateway.peek is a view without security_invoker",
    "CREATE MATERIALIZED VIEW gateway.peek AS SELECT * FROM gateway.vehicle": "materialised view",
    "CREATE FUNCTION gateway.peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'": "SECURITY DEFINER",
    "ALTER ROLE doso_market BYPASSRLS": "doso_market bypasses row-level security",
    "ALTER ROLE doso_market SUPERUSER": "doso_market is a superuser",
    "ALTER TABLE market.listing OWNER TO doso_market": "doso_market owns table",
    "GRANT pg_read_all_data TO doso_market": "doso_market is a member of pg_read_all_data",
    "GRANT TRUNCATE ON market.listing TO doso_market": "doso_market may TRUNCATE on market.listing",
    "GRANT CREATE ON SCHEMA market TO doso_market": "doso_market may create in the schema market",
    "GRANT SELECT ON feedback.advice TO doso_market": "doso_market reaches feedback.advice",
    "GRANT SELECT ON feedback.advice TO PUBLIC": "reaches feedback.advice",
    "GRANT UPDATE ON gateway.audit TO doso_gateway": "gateway.audit: doso_gateway may UPDATE",
    "ALTER TABLE gateway.audit DISABLE TRIGGER append_only": "trigger that refuses changes is missing or disabled",
}  # fmt: skip


@pytest.mark.parametrize("statement", BREACHES)
async def test_a_breach_of_each_rule_is_found(owner, statement: str) -> None:
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute(statement)
        found = await problems(owner)
        assert any(BREACHES[statement] in problem for problem in found), found
    finally:
        await transaction.rollback()
