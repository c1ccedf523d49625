"""Answers as the pages show them, stated again: the gateway hears of an answer as soon as its keeper does."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import ValidationError

from shared.events import RecommendationAnswered, deterministic_id
from shared.postgres.pool import Connection


async def answers(connection: Connection, tenant_id: UUID, advice: Sequence[UUID]) -> list[RecommendationAnswered]:
    """Give the answer that is shown to each of some pieces of advice; one that cannot be read is left out."""
    rows = await connection.fetch(
        "SELECT recommendation_id, dealer_id, answer FROM recommendation"
        " WHERE tenant_id = $1 AND recommendation_id = ANY($2::uuid[]) AND answer IS NOT NULL",
        tenant_id,
        list(advice),
    )
    stated = []
    for row in rows:
        known = {"tenant_id": tenant_id, "dealer_id": row["dealer_id"], "recommendation_id": row["recommendation_id"]}
        event_id = deterministic_id("answer shown", tenant_id, row["recommendation_id"])
        try:
            stated.append(RecommendationAnswered.model_validate({**row["answer"], **known, "event_id": event_id}))
        except (ValidationError, TypeError):  # damaged: its keeper's holds
            continue
    return stated
