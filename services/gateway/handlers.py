"""Kafka in: every event becomes a row of the read model."""

from collections.abc import Sequence

from services.gateway.store import projections
from shared.events import (
    ForecastReady,
    InventoryUpdated,
    MarketUpdated,
    OutcomeRecorded,
    PolicyUpdated,
    RecommendationAnswered,
    RecommendationIssued,
)
from shared.events.topics import (
    FORECAST_READY,
    INVENTORY_UPDATED,
    MARKET_UPDATED,
    OUTCOME_RECORDED,
    POLICY_UPDATED,
    RECOMMENDATION_ANSWERED,
    RECOMMENDATION_ISSUED,
)
from shared.messaging import EventRouter, Transaction

router = EventRouter("gateway")


@router.on(INVENTORY_UPDATED)
async def on_inventory_updated(events: Sequence[InventoryUpdated], tx: Transaction) -> None:
    """Show vehicles as they are now."""
    await projections.project_vehicles(tx.connection, events)


@router.on(MARKET_UPDATED)
async def on_market_updated(events: Sequence[MarketUpdated], tx: Transaction) -> None:
    """Show the market of each segment."""
    await projections.project_market(tx.connection, events)


@router.on(FORECAST_READY)
async def on_forecast_ready(events: Sequence[ForecastReady], tx: Transaction) -> None:
    """Show demand."""
    await projections.project_forecasts(tx.connection, events)


@router.on(RECOMMENDATION_ISSUED)
async def on_recommendation_issued(events: Sequence[RecommendationIssued], tx: Transaction) -> None:
    """Show advice, and close what no longer stands."""
    await projections.project_recommendations(tx.connection, events)


@router.on(RECOMMENDATION_ANSWERED)
async def on_recommendation_answered(events: Sequence[RecommendationAnswered], tx: Transaction) -> None:
    """Show what the dealer decided."""
    await projections.project_answers(tx.connection, events)


@router.on(OUTCOME_RECORDED)
async def on_outcome_recorded(events: Sequence[OutcomeRecorded], tx: Transaction) -> None:
    """Show what came of advice."""
    await projections.project_outcomes(tx.connection, events)


@router.on(POLICY_UPDATED)
async def on_policy_updated(events: Sequence[PolicyUpdated], tx: Transaction) -> None:
    """Show what was learned; rules were kept when they were set."""
    learned = [event for event in events if event.kind == "learned"]
    await projections.project_policies(tx.connection, learned)
    await projections.tell_of_rules(tx.connection, [event for event in events if event.kind == "rules"])
