"""Kafka in: advice, answers and what happened are kept, and the rooftops they concern marked."""

from collections.abc import Sequence

from services.feedback import store
from services.feedback.translate import happening_row
from shared.events import DmsEventReceived, ForecastReady, RecommendationAnswered, RecommendationIssued
from shared.events.topics import (
    DMS_EVENT_RECEIVED,
    FORECAST_READY,
    RECOMMENDATION_ANSWERED,
    RECOMMENDATION_ISSUED,
)
from shared.messaging import EventRouter, Transaction
from shared.postgres import WorkTable

router = EventRouter("feedback")
OUTCOMES = WorkTable("outcomes")
DELAY = 1.0
PATIENCE = 5.0


@router.on(RECOMMENDATION_ISSUED)
async def on_recommendation_issued(events: Sequence[RecommendationIssued], tx: Transaction) -> None:
    """Keep advice, and when it was closed."""
    await store.save_advice(tx.connection, events)
    ended = [(e.tenant_id, e.dealer_id, "") for e in events if e.status.value != "issued"]
    await OUTCOMES.mark(tx.connection, ended, delay=DELAY, patience=PATIENCE)


@router.on(RECOMMENDATION_ANSWERED)
async def on_recommendation_answered(events: Sequence[RecommendationAnswered], tx: Transaction) -> None:
    """Keep what the dealer decided."""
    await store.save_answers(tx.connection, events)
    await OUTCOMES.mark(
        tx.connection, [(e.tenant_id, e.dealer_id, "") for e in events], delay=DELAY, patience=PATIENCE
    )


@router.on(DMS_EVENT_RECEIVED)
async def on_dms_event_received(events: Sequence[DmsEventReceived], tx: Transaction) -> None:
    """Keep what happened to vehicles."""
    rows = [row for event in events if (row := happening_row(event)) is not None]
    if rows:
        await store.save_happenings(tx.connection, rows)
        marks = [(row["tenant_id"], row["dealer_id"], "") for row in rows]
        await OUTCOMES.mark(tx.connection, marks, delay=DELAY, patience=PATIENCE)


@router.on(FORECAST_READY)
async def on_forecast_ready(events: Sequence[ForecastReady], tx: Transaction) -> None:
    """Keep what was forecast for each week, to hold it against what sells."""
    await store.save_forecasts(tx.connection, events)
