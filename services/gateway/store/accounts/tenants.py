"""Tenants (dealer groups) and dealers (rooftops)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Dealer:
    """A rooftop."""

    tenant_id: UUID
    dealer_id: UUID
    name: str
    currency: str
    region: str
    timezone: str


async def add_tenant(connection: Connection, tenant_id: UUID, name: str) -> None:
    """Add a tenant."""
    await connection.execute("INSERT INTO tenant (tenant_id, name) VALUES ($1, $2)", tenant_id, name)


async def tenants(connection: Connection) -> list[dict[str, Any]]:
    """List the transaction's tenants."""
    rows = await connection.fetch("SELECT tenant_id AS id, name, created_at FROM tenant ORDER BY name")
    return [dict(row) for row in rows]


async def tenant_name(connection: Connection, tenant_id: UUID) -> str:
    """Give the name of the transaction's tenant."""
    return str(await connection.fetchval("SELECT name FROM tenant WHERE tenant_id = $1", tenant_id))


async def add_dealer(connection: Connection, dealer: Dealer) -> None:
    """Add a rooftop; raises ``asyncpg.UniqueViolationError`` when the name is taken."""
    await connection.execute(
        "INSERT INTO dealer (tenant_id, dealer_id, name, currency, region, timezone) VALUES ($1, $2, $3, $4, $5, $6)",
        dealer.tenant_id,
        dealer.dealer_id,
        dealer.name,
        dealer.currency,
        dealer.region,
        dealer.timezone,
    )


async def dealers(connection: Connection) -> list[Dealer]:
    """List the rooftops of the transaction's tenant."""
    rows = await connection.fetch(
        "SELECT tenant_id, dealer_id, name, currency, region, timezone FROM dealer ORDER BY name"
    )
    return [Dealer(**row) for row in rows]


async def lock_dealer(connection: Connection, dealer_id: UUID) -> Dealer | None:
    """Give a rooftop of the transaction's tenant, which nobody else changes until the transaction ends."""
    row = await connection.fetchrow(
        "SELECT tenant_id, dealer_id, name, currency, region, timezone FROM dealer WHERE dealer_id = $1 FOR UPDATE",
        dealer_id,
    )
    return Dealer(**row) if row else None


async def change_dealer(connection: Connection, dealer: Dealer) -> None:
    """Write a rooftop anew; raises ``asyncpg.UniqueViolationError`` when the name is taken."""
    await connection.execute(
        "UPDATE dealer SET name = $3, currency = $4, region = $5, timezone = $6"
        " WHERE tenant_id = $1 AND dealer_id = $2",
        dealer.tenant_id,
        dealer.dealer_id,
        dealer.name,
        dealer.currency,
        dealer.region,
        dealer.timezone,
    )


async def has_vehicles(connection: Connection, dealer_id: UUID) -> bool:
    """Tell whether any vehicle, sold ones too, is known of a rooftop."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM vehicle WHERE dealer_id = $1)", dealer_id))
