"""Kafka in: the book is kept up to date, and a tenant whose book changed is marked for a review."""

from collections.abc import Sequence
from uuid import UUID

from services.recommend import store
from services.recommend.similar import CASES, SimilarCases
from services.recommend.translate import unit_row
from shared.events import (
    ForecastReady,
    InventoryUpdated,
    MarketUpdated,
    OutcomeRecorded,
    PolicyUpdated,
    RecommendationAnswered,
)
from shared.events.topics import (
    FORECAST_READY,
    INVENTORY_UPDATED,
    MARKET_UPDATED,
    OUTCOME_RECORDED,
    POLICY_UPDATED,
    RECOMMENDATION_ANSWERED,
)
from shared.messaging import EventRouter, Transaction
from shared.postgres import WorkTable, lock_order

REVIEWS = WorkTable("review")
DELAY = 1.0
PATIENCE = 2.5
WHOLE_TENANT = UUID(int=0)
"""Reviews are of a whole tenant, so that one store's excess can fill another's gap."""

router = EventRouter("recommend")


@router.on(INVENTORY_UPDATED)
async def on_inventory_updated(events: Sequence[InventoryUpdated], tx: Transaction) -> None:
    """Keep vehicles."""
    events = [event for event in events if event.followed_on is None]
    known = [event for event in events if event.segment]
    newest = {(e.tenant_id, e.vehicle_key): e for e in sorted(known, key=lambda e: e.aggregate_version)}
    await store.save_rooftops(tx.connection, events)
    await store.save_units(tx.connection, [unit_row(newest[key]) for key in sorted(newest, key=lock_order)])
    await _mark(tx, events)


@router.on(MARKET_UPDATED)
async def on_market_updated(events: Sequence[MarketUpdated], tx: Transaction) -> None:
    """Keep markets."""
    await store.save_markets(tx.connection, events)
    await _mark(tx, events)


@router.on(FORECAST_READY)
async def on_forecast_ready(events: Sequence[ForecastReady], tx: Transaction) -> None:
    """Keep demand."""
    await store.save_demands(tx.connection, events)
    await _mark(tx, events)


@router.on(POLICY_UPDATED)
async def on_policy_updated(events: Sequence[PolicyUpdated], tx: Transaction) -> None:
    """Keep learned parameters, and rules apart from them."""
    await store.save_policies(tx.connection, events)
    await _mark(tx, events)


@router.on(RECOMMENDATION_ANSWERED)
async def on_recommendation_answered(events: Sequence[RecommendationAnswered], tx: Transaction) -> None:
    """Keep answers: what was answered is not asked again at once, and what was agreed to is on its way."""
    await store.save_answers(tx.connection, events)
    await _mark(tx, events)


@router.on(OUTCOME_RECORDED)
async def on_outcome_recorded(events: Sequence[OutcomeRecorded], tx: Transaction) -> None:
    """Remember how advice ended, so that later advice can point at it."""
    ended = []
    for event in events:
        told = SimilarCases.ending(event)
        if await store.save_outcome(tx.connection, event.tenant_id, event.recommendation_id, told, event.occurred_at):
            ended.append((event.tenant_id, event.dealer_id, str(event.recommendation_id)))
    await CASES.mark(tx.connection, ended)


async def _mark(
    tx: Transaction,
    events: Sequence[InventoryUpdated | MarketUpdated | ForecastReady | PolicyUpdated | RecommendationAnswered],
) -> None:
    marks = {(event.tenant_id, WHOLE_TENANT, "") for event in events}
    await REVIEWS.mark(tx.connection, marks, delay=DELAY, patience=PATIENCE)
