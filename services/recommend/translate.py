"""Between stored events and recommend's own book and advice."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import structlog

from services.recommend.domain import (
    Action,
    Advice,
    GrossHistory,
    Rooftop,
    SegmentDemand,
    SegmentMarket,
    StandingAdvice,
    TenantBook,
    Unit,
    UnitStatus,
    from_mapping,
)
from shared import events
from shared.events import (
    AdviceStatus,
    InventoryUpdated,
    RecommendationIssued,
    deterministic_id,
    segment_label,
)

_KM_PER_MILE = 1.609344
_UNIT_FIELDS = tuple(Unit.__dataclass_fields__)
_DESCRIBED = {
    "tenant_id", "vehicle_key", "dealer_id", "segment", "quantity", "vin", "stock_number", "condition",
    "model_year", "make", "model", "trim", "cost", "recon_cost", "list_price", "msrp", "priced_on", "stock_date",
    "group_stock_date", "expected_date", "exit_date", "front_gross", "back_gross",
}  # fmt: skip
_log = structlog.stdlib.get_logger("doso.recommend", service="recommend")


def unit_row(event: InventoryUpdated) -> dict[str, Any]:
    """Give the stored row of a vehicle; the odometer in kilometres."""
    odometer = event.odometer
    if odometer is not None and event.odometer_unit == "mi":
        odometer = round(odometer * _KM_PER_MILE)
    return {
        **event.model_dump(include=_DESCRIBED),
        "version": event.aggregate_version,
        "status": event.status.value,
        "label": segment_label(event.condition, event.make or "", event.model or ""),
        "odometer_km": odometer,
    }


def book_of(
    tenant_id: UUID,
    rooftops: Sequence[Mapping[str, Any]],
    units: Sequence[Mapping[str, Any]],
    markets: Sequence[Mapping[str, Any]],
    demands: Sequence[Mapping[str, Any]],
    grosses: Sequence[Mapping[str, Any]],
    as_of: date,
) -> TenantBook:
    """Put a tenant's book together from stored rows and documents."""
    known = {str(row["dealer_id"]) for row in rooftops}
    return TenantBook(
        tenant_id=str(tenant_id),
        rooftops=tuple(_rooftop(row) for row in rooftops),
        units=tuple(_unit(row) for row in units if str(row["dealer_id"]) in known),
        markets=tuple(_market(document) for document in markets if document["dealer_id"] in known),
        demands=tuple(_demand(document) for document in demands if document["dealer_id"] in known),
        grosses=tuple(
            GrossHistory(**{**row, "dealer_id": str(row["dealer_id"])}, as_of=as_of)
            for row in grosses
            if str(row["dealer_id"]) in known
        ),
    )


def issued(tenant_id: UUID, advice: Advice, now: datetime, supersedes: UUID | None) -> RecommendationIssued:
    """Publish fresh advice."""
    recommendation_id = uuid4()
    return RecommendationIssued(
        event_id=deterministic_id("recommendation-issued", recommendation_id),
        occurred_at=now,
        tenant_id=tenant_id,
        dealer_id=UUID(advice.dealer_id),
        recommendation_id=recommendation_id,
        action=events.Action(advice.action.value),
        status=AdviceStatus.ISSUED,
        supersedes=supersedes,
        segment=advice.segment,
        label=advice.label,
        vehicle_key=advice.vehicle_key,
        vin=advice.vin,
        stock_number=advice.stock_number,
        quantity=advice.quantity,
        price=_money(advice.price),
        current_price=_money(advice.current_price),
        destination_dealer_id=UUID(advice.destination_dealer_id) if advice.destination_dealer_id else None,
        currency=advice.currency,
        value=_cents(advice.value),
        value_per_day=_cents(advice.value_per_day),
        confidence=round(advice.confidence, 3),
        reason=advice.reason,
        expires_at=now + timedelta(days=advice.expires_in_days),
        policy_version=advice.policy_version,
        evidence=tuple(
            events.Evidence(name=e.name, value=e.value, source=e.source, as_of=e.as_of, formula=e.formula)
            for e in advice.evidence
        ),
        alternatives=tuple(
            events.Alternative(
                action=events.Action(a.action.value),
                value=_cents(a.value),
                value_per_day=_cents(a.value_per_day),
                detail=a.detail,
            )
            for a in advice.alternatives
        ),
        degraded=advice.degraded,
        expected_daily_hazard=advice.expected_daily_hazard,
        baseline_daily_hazard=advice.baseline_daily_hazard,
        expected_gross=_money(advice.expected_gross),
        holding_cost_per_day=_money(advice.holding_cost_per_day),
    )


def closed(event: Mapping[str, Any], status: AdviceStatus, because: str, now: datetime) -> RecommendationIssued:
    """Publish the end of advice."""
    standing = RecommendationIssued.model_validate(event)
    return standing.model_copy(
        update={
            "event_id": deterministic_id("recommendation-closed", standing.recommendation_id),
            "occurred_at": now,
            "status": status,
            "closed_because": because,
            "evidence": (),
            "alternatives": (),
            "similar": (),
        }
    )


def standing_of(event: Mapping[str, Any]) -> StandingAdvice:
    """Read advice that stands."""
    return StandingAdvice(
        recommendation_id=event["recommendation_id"],
        dealer_id=event["dealer_id"],
        action=Action(event["action"]),
        segment=event["segment"],
        value=float(event["value"]),
        expires_at=datetime.fromisoformat(event["expires_at"]).astimezone(UTC),
        vehicle_key=event.get("vehicle_key"),
        destination_dealer_id=event.get("destination_dealer_id"),
        price=float(event["price"]) if event.get("price") is not None else None,
        quantity=event.get("quantity"),
    )


def _rooftop(row: Mapping[str, Any]) -> Rooftop:
    parameters, unknown = from_mapping(row["parameters"])
    if unknown:
        _log.warning("parameters not understood", dealer_id=str(row["dealer_id"]), unknown=list(unknown))
    return Rooftop(
        dealer_id=str(row["dealer_id"]),
        name=row["name"],
        currency=row["currency"],
        parameters=parameters,
        policy_version=row["policy_version"],
    )


def _unit(row: Mapping[str, Any]) -> Unit:
    values = {name: row[name] for name in _UNIT_FIELDS}
    return Unit(**{**values, "dealer_id": str(row["dealer_id"]), "status": UnitStatus(row["status"])})


def _market(document: Mapping[str, Any]) -> SegmentMarket:
    median = document.get("price_median")
    return SegmentMarket(
        dealer_id=document["dealer_id"],
        segment=document["segment"],
        as_of=date.fromisoformat(document["as_of"]),
        active_listings=document["active_listings"],
        sold_per_day=document["sold_per_day"],
        market_days_supply=document.get("market_days_supply"),
        price_median=float(median) if median is not None else None,
        price_log_reference=document.get("price_log_reference"),
        price_age_slope=document.get("price_age_slope"),
        price_km_slope=document.get("price_km_slope"),
        price_residual_sd=document.get("price_residual_sd"),
        priced_listings=document.get("priced_listings", 0),
    )


def _demand(document: Mapping[str, Any]) -> SegmentDemand:
    return SegmentDemand(
        dealer_id=document["dealer_id"],
        segment=document["segment"],
        label=document["label"],
        as_of=date.fromisoformat(document["as_of"]),
        weekly_means=tuple(week["mean"] for week in document["weeks"]),
        dispersion=document["dispersion"],
        weekly_rate=document["weekly_rate"],
        lost_sales_per_week=document["lost_sales_per_week"],
        units_sold=document["units_sold"],
        strategy=document["strategy"],
    )


def _money(amount: float | None) -> Decimal | None:
    return None if amount is None else _cents(amount)


def _cents(amount: float) -> Decimal:
    return Decimal(f"{amount:.2f}")
