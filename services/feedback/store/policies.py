"""SQL of learned parameters."""

from dataclasses import asdict
from datetime import date
from uuid import UUID

from services.feedback.domain import Parameters
from shared.events import PolicyUpdated
from shared.postgres.pool import Connection


async def policies(connection: Connection, dealer_id: UUID) -> dict[int, Parameters]:
    """Load every version of a rooftop's parameters; there is one a day at most."""
    rows = await connection.fetch("SELECT version, parameters FROM policy WHERE dealer_id = $1", dealer_id)
    return {row["version"]: Parameters(**row["parameters"]) for row in rows}


async def newest_policy(connection: Connection, dealer_id: UUID) -> tuple[int, date | None, Parameters]:
    """Give a rooftop's newest version, the day it was learned, and its parameters; version 0 is the default."""
    row = await connection.fetchrow(
        "SELECT version, learned_on, parameters FROM policy WHERE dealer_id = $1 ORDER BY version DESC LIMIT 1",
        dealer_id,
    )
    return (row["version"], row["learned_on"], Parameters(**row["parameters"])) if row else (0, None, Parameters())


async def save_policy(connection: Connection, on: date, parameters: Parameters, published: PolicyUpdated) -> None:
    """Store a version of a rooftop's parameters, learned on a day, and how it is published."""
    await connection.execute(
        "INSERT INTO policy (tenant_id, dealer_id, version, learned_on, parameters, document)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        published.tenant_id,
        published.dealer_id,
        published.policy_version,
        on,
        asdict(parameters),
        published,
    )
