"""Kafka in: advice, answers and what happened are kept, and the rooftops they concern marked."""

from collections.abc import Sequence

from services.feedback import store
from services.feedback.translate import state_row
from shared.events import ForecastReady, InventoryUpdated, RecommendationAnswered, RecommendationIssued
from shared.events.topics import (
    FORECAST_READY,
    INVENTORY_UPDATED,
    RECOMMENDATION_ANSWERED,
    RECOMMENDATION_ISSUED,
)
from shared.messaging import EventRouter, Transaction
from shared.postgres import WorkTable

router = EventRouter("feedback", gathers=True)
OUTCOMES = WorkTable("outcomes")
DELAY = 1.0
PATIENCE = 60.0
"""Seconds. Judging reads all that the vehicles under open advice ever were. So a rooftop that falls quiet is judged
at once, and a busy one once a minute: nobody waits for an outcome."""


@router.on(RECOMMENDATION_ISSUED)
async def on_recommendation_issued(events: Sequence[RecommendationIssued], tx: Transaction) -> None:
    """Keep advice, and when it was closed."""
    to_judge = await store.save_advice(tx.connection, events)
    rooftops = [(tenant_id, dealer_id, "") for tenant_id, dealer_id in to_judge]
    await OUTCOMES.mark(tx.connection, rooftops, delay=DELAY, patience=PATIENCE)


@router.on(RECOMMENDATION_ANSWERED)
async def on_recommendation_answered(events: Sequence[RecommendationAnswered], tx: Transaction) -> None:
    """Keep what the dealer decided."""
    await store.save_answers(tx.connection, events)
    await OUTCOMES.mark(
        tx.connection, [(e.tenant_id, e.dealer_id, "") for e in events], delay=DELAY, patience=PATIENCE
    )


@router.on(INVENTORY_UPDATED)
async def on_inventory_updated(events: Sequence[InventoryUpdated], tx: Transaction) -> None:
    """Keep how vehicles stand, as inventory worked it out: which VIN a stock number meant, and what a sale earned."""
    told = [event for event in events if set(event.changes) != {"engagement.daily"}]
    if not told:
        return
    await store.save_states(tx.connection, [state_row(event) for event in told])
    rooftops = {(e.tenant_id, e.dealer_id, "") for e in told}
    # Advice to send a vehicle away is the rooftop's that it left.
    left = {(e.tenant_id, e.previous_dealer_id, "") for e in told if e.previous_dealer_id}
    await OUTCOMES.mark(tx.connection, rooftops | left, delay=DELAY, patience=PATIENCE)


@router.on(FORECAST_READY)
async def on_forecast_ready(events: Sequence[ForecastReady], tx: Transaction) -> None:
    """Keep what was forecast for each week, to hold it against what sells."""
    await store.save_forecasts(tx.connection, events)
