"""What is a copy of what: each table that can be made again, its owner, and how its rows come about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from doso.rebuild.connections import Connections
from services.feedback import restating as feedback
from services.forecast import restating as forecast
from services.gateway import restating as gateway
from services.gateway.store import projections
from services.inventory import restating as inventory
from services.market import handlers as market_handlers
from services.market import restating as market
from services.market import store as market_store
from services.recommend import restating as recommend
from services.recommend import store as recommend_store
from shared.events import (
    Event,
    ForecastReady,
    InventoryUpdated,
    MarketUpdated,
    OutcomeRecorded,
    PolicyUpdated,
    RecommendationAnswered,
    RecommendationIssued,
)
from shared.postgres.pool import Connection
from shared.postgres.spans import Key, Span

Restate = Callable[[Connections, UUID, Span], Awaitable[list[Any]]]
Project = Callable[[Connection, Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Copy:
    """A table that one service keeps of what another owns.

    ``walk``: the columns, with their types, by which both tables are gone through; ``key``: those that name a row
    of the copy; ``restate`` reads what the owner published last; ``project`` is what the service does with it when
    it comes from Kafka; ``unstated``: fields of the document that the owner does not keep.
    """

    name: str
    schema: str
    table: str
    owner: str
    owned: str
    walk: Mapping[str, str]
    key: tuple[str, ...]
    restate: Restate
    project: Project
    key_of: Callable[[Any], Key]
    model: type[Event] | None = None
    unstated: frozenset[str] = field(default_factory=frozenset)

    def comparable(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Give what of a row must be equal in the copy and in the copy made anew."""
        values = dict(row)
        if self.model is not None:
            try:
                event = self.model.model_validate(values["document"])
            except ValueError:
                return values  # as broken as it is, it equals nothing
            values["document"] = event.model_dump(exclude=set(self.unstated))
        return values


async def _vehicles(connections: Connections, tenant_id: UUID, span: Span) -> list[InventoryUpdated]:
    return await inventory.vehicles(await connections.of("inventory"), tenant_id, span)


async def _markets(connections: Connections, tenant_id: UUID, span: Span) -> list[MarketUpdated]:
    return await market.markets(await connections.of("market"), tenant_id, span)


async def _forecasts(connections: Connections, tenant_id: UUID, span: Span) -> list[ForecastReady]:
    return await forecast.forecasts(await connections.of("forecast"), tenant_id, span)


async def _advice(
    connections: Connections, tenant_id: UUID, span: Span
) -> list[RecommendationIssued | RecommendationAnswered]:
    issued = await recommend.advice(await connections.of("recommend"), tenant_id, span)
    shown = [event.recommendation_id for event in issued]
    kept = await feedback.answers(await connections.of("feedback"), tenant_id, shown)
    # The gateway and feedback each hear of an answer: one that is shown may still be on its way to feedback.
    held = await gateway.answers(await connections.of("gateway"), tenant_id, shown)
    newest = {event.recommendation_id: event for event in sorted([*kept, *held], key=lambda event: event.occurred_at)}
    return [*issued, *newest.values()]


async def _project_advice(
    connection: Connection, events: Sequence[RecommendationIssued | RecommendationAnswered]
) -> None:
    issued = [event for event in events if isinstance(event, RecommendationIssued)]
    await projections.project_recommendations(connection, issued)
    answered = [event for event in events if isinstance(event, RecommendationAnswered)]
    await projections.project_answers(connection, answered)


async def _outcomes(connections: Connections, tenant_id: UUID, span: Span) -> list[OutcomeRecorded]:
    return await feedback.outcomes(await connections.of("feedback"), tenant_id, span)


async def _policies(connections: Connections, tenant_id: UUID, span: Span) -> list[PolicyUpdated]:
    return await feedback.policies(await connections.of("feedback"), tenant_id, span)


async def _project_units(connection: Connection, events: Sequence[InventoryUpdated]) -> None:
    await market_store.upsert_units(connection, market_handlers.unit_rows(events))


def _segment(event: MarketUpdated | ForecastReady) -> Key:
    return (str(event.dealer_id), event.segment)


def _vehicle(event: InventoryUpdated) -> Key:
    return (event.vehicle_key,)


READ_MODEL = (
    Copy(
        name="vehicles", schema="gateway", table="vehicle", owner="inventory", owned="vehicle",
        walk=inventory.BY_KEY, key=("vehicle_key",), restate=_vehicles, project=projections.project_vehicles,
        key_of=_vehicle, model=InventoryUpdated, unstated=frozenset({"changes"}),
    ),
    Copy(
        name="markets", schema="gateway", table="market", owner="market", owned="statistic",
        walk=market.BY_SEGMENT, key=("dealer_id", "segment"), restate=_markets, project=projections.project_market,
        key_of=_segment, model=MarketUpdated,
    ),
    Copy(
        name="forecasts", schema="gateway", table="forecast", owner="forecast", owned="forecast",
        walk=forecast.BY_SEGMENT, key=("dealer_id", "segment"), restate=_forecasts,
        project=projections.project_forecasts, key_of=_segment, model=ForecastReady,
    ),
    Copy(
        name="advice and answers", schema="gateway", table="recommendation", owner="recommend", owned="advice",
        walk=recommend.BY_ID, key=("recommendation_id",), restate=_advice, project=_project_advice,
        key_of=lambda event: (str(event.recommendation_id),), model=RecommendationIssued,
    ),
    Copy(
        name="outcomes", schema="gateway", table="outcome", owner="feedback", owned="outcome",
        walk=feedback.BY_ADVICE, key=("outcome_id",), restate=_outcomes, project=projections.project_outcomes,
        key_of=lambda event: (str(event.outcome_id),), model=OutcomeRecorded,
    ),
    Copy(
        name="learned policies", schema="gateway", table="policy", owner="feedback", owned="policy",
        walk=feedback.BY_ROOFTOP, key=("dealer_id", "version"), restate=_policies,
        project=projections.project_policies,
        key_of=lambda event: (str(event.dealer_id), str(event.policy_version)), model=PolicyUpdated,
    ),
)  # fmt: skip
"""Everything that pages are served from."""

OWN_UNITS = Copy(
    name="own vehicles", schema="market", table="own_unit", owner="inventory", owned="vehicle",
    walk=inventory.BY_KEY, key=("vehicle_key",), restate=_vehicles, project=_project_units, key_of=_vehicle,
)  # fmt: skip
"""What the market is set against."""

MARKETS = (
    READ_MODEL[1],
    Copy(
        name="markets for advice", schema="recommend", table="market", owner="market", owned="statistic",
        walk=market.BY_SEGMENT, key=("dealer_id", "segment"), restate=_markets,
        project=recommend_store.save_markets, key_of=_segment, model=MarketUpdated,
    ),
)  # fmt: skip
"""Where markets are kept by those who read them."""
