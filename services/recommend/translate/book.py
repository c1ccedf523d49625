"""Between stored rows and documents and recommend's own book."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import structlog

from services.recommend.domain import (
    BrandSales,
    GrossHistory,
    PriceCurve,
    Rooftop,
    SegmentDemand,
    SegmentMarket,
    TenantBook,
    TypicalCar,
    Unit,
    UnitLife,
    UnitStatus,
    Variant,
    from_mapping,
    trim_key,
)
from services.recommend.translate.rules import Documents, brand_sales_of, overrides_of, rules_for, rules_of
from shared.events import InventoryUpdated, segment_label

_KM_PER_MILE = 1.609344
_VARIANTS = 3
_MAIN_PART = 0.1
_UNIT_FIELDS = tuple(name for name in Unit.__dataclass_fields__ if name != "first_price")
_DAYS = ("priced_on", "stock_date", "group_stock_date", "expected_date", "exit_date")
_TYPICAL = ("went_for", "years", "odometer_km", "certified", "trims")
_DESCRIBED = {
    "tenant_id", "vehicle_key", "dealer_id", "segment", "quantity", "vin", "stock_number", "condition",
    "model_year", "make", "model", "trim", "cost", "recon_cost", "list_price", "msrp", "priced_on", "stock_date",
    "group_stock_date", "expected_date", "exit_date", "front_gross", "back_gross",
    "availability",
}  # fmt: skip
_IN_THE_FORECAST = frozenset({"demand_scale"})
"""Learned parameters that demand has been through when it comes here."""
_log = structlog.stdlib.get_logger("doso.recommend", service="recommend")


def stored_document(text: str) -> dict[str, Any]:
    """Read a stored row or document from its text, with the days of vehicles as dates."""
    document: dict[str, Any] = json.loads(text)
    for name in _DAYS:
        if document.get(name):
            document[name] = date.fromisoformat(document[name])
    return document


def unit_row(event: InventoryUpdated) -> dict[str, Any]:
    """Give the stored row of a vehicle; the odometer in kilometres, asking prices as [day, price] each."""
    odometer = event.odometer
    if odometer is not None and event.odometer_unit == "mi":
        odometer = round(odometer * _KM_PER_MILE)
    told = vars(event)
    return {
        **{name: told[name] for name in _DESCRIBED},
        "version": event.aggregate_version,
        "status": event.status.value,
        "label": segment_label(event.condition, event.make or "", event.model or ""),
        "odometer_km": odometer,
        "price_history": [(asked.on, float(asked.price)) for asked in event.price_history],
    }


def book_of(
    tenant_id: UUID,
    rooftops: Sequence[Mapping[str, Any]],
    units: Sequence[Mapping[str, Any]],
    markets: Sequence[Mapping[str, Any]],
    demands: Sequence[Mapping[str, Any]],
    grosses: Sequence[Mapping[str, Any]],
    as_of: date,
    *,
    rules: Documents | None = None,
    new_sales: Sequence[Mapping[str, Any]] = (),
) -> TenantBook:
    """Put a tenant's book together from stored rows and documents; ``rules`` by dealer id."""
    known = {str(row["dealer_id"]) for row in rooftops}
    stores = tuple(_rooftop(row, rules or {}) for row in rooftops)
    return TenantBook(
        tenant_id=str(tenant_id),
        rooftops=stores,
        units=tuple(_unit(row) for row in units if str(row["dealer_id"]) in known),
        markets=tuple(_market(document) for document in markets if document["dealer_id"] in known),
        demands=tuple(_demand(document) for document in demands if document["dealer_id"] in known),
        grosses=tuple(_gross_history(row, as_of) for row in grosses if str(row["dealer_id"]) in known),
        brand_sales=tuple(
            BrandSales(dealer_id=dealer_id, brand=brand, units=units)
            for (dealer_id, brand), units in sorted(brand_sales_of(stores, new_sales, as_of).items())
        ),
    )


def lives_of(rows: Sequence[Mapping[str, Any]]) -> list[UnitLife]:
    """Read units' lives: those that stand here, and those that left with how."""
    return [
        UnitLife(
            _unit({**row, "status": UnitStatus.IN_STOCK}),
            left=row["exit_date"] if row["status"] != UnitStatus.IN_STOCK else None,
            sold=row["status"] == "sold",
            prices=tuple((date.fromisoformat(on), price) for on, price in row["price_history"]),
        )
        for row in rows
    ]


def _rooftop(row: Mapping[str, Any], documents: Documents) -> Rooftop:
    version, ruled = rules_for(documents, row["dealer_id"])
    overrides, clashes = overrides_of(ruled, row["parameters"])
    learned = {name: value for name, value in row["parameters"].items() if name not in _IN_THE_FORECAST}
    parameters, unknown = from_mapping({**learned, **overrides})
    if unknown:
        _log.warning("parameters not understood", dealer_id=str(row["dealer_id"]), unknown=list(unknown))
    return Rooftop(
        dealer_id=str(row["dealer_id"]),
        name=row["name"],
        currency=row["currency"],
        parameters=parameters,
        policy_version=row["policy_version"],
        rules=rules_of(ruled, str(row["dealer_id"])),
        rules_version=version,
        clashes=clashes,
    )


def _unit(row: Mapping[str, Any]) -> Unit:
    values = {name: row[name] for name in _UNIT_FIELDS}
    first = row["price_history"][0][1] if row["price_history"] else row["list_price"]
    own = {"dealer_id": str(row["dealer_id"]), "status": UnitStatus(row["status"]), "first_price": first}
    return Unit(**{**values, **own})


def _gross_history(row: Mapping[str, Any], as_of: date) -> GrossHistory:
    values = dict(row)
    cars = {name: values.pop(name) for name in _TYPICAL}
    typical = TypicalCar(**{**cars, "trims": tuple(cars["trims"])}) if cars["trims"] else None
    return GrossHistory(**{**values, "dealer_id": str(row["dealer_id"])}, as_of=as_of, typical=typical)


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
        price_curve=_price_curve(document.get("price_model")),
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
        yearly_mean=document.get("yearly_mean"),
        lost_sales_per_week=document["lost_sales_per_week"],
        units_sold=document["units_sold"],
        strategy=_strategy(document),
        coverage80=document.get("coverage80"),
        variants=tuple(_variants(document.get("configurations", ()))),
    )


def _strategy(document: Mapping[str, Any]) -> str:
    """Name the strategy that won; of an ensemble its main parts too."""
    name = str(document["strategy"])
    parts = [each for each in document.get("ensemble", ()) if each["weight"] >= _MAIN_PART]
    if name != "ensemble" or not parts:
        return name
    told = [(each["weight"], each["strategy"]) for each in parts]
    return f"{name} of " + ", ".join(f"{strategy} {weight:.0%}" for weight, strategy in sorted(told, reverse=True))


def _variants(configurations: Sequence[Mapping[str, Any]]) -> list[Variant]:
    """Put the configurations that sold most in words; what is too rare to be told apart has none."""
    found = []
    for each in sorted(configurations, key=lambda each: -each["units_sold"]):
        first, last = each.get("model_year_from"), each.get("model_year_to")
        years = f"{first}" if first == last else f"{first}-{last}"
        words = [years if first else None, each.get("trim"), each.get("drivetrain")]
        name = " ".join(word for word in words if word)
        if name and each["units_sold"]:
            found.append(Variant(name=name, units_sold=each["units_sold"]))
    return found[:_VARIANTS]


def _price_curve(model: Mapping[str, Any] | None) -> PriceCurve | None:
    if model is None:
        return None
    return PriceCurve(
        reference=model["reference"],
        age_slope=model["age_slope"],
        km_slope=model["km_slope"],
        km_cap=model["km_cap"],
        residual_sd=model["residual_sd"],
        reference_sd=model["reference_sd"],
        age_bends=tuple((bend["knot"], bend["slope"]) for bend in model.get("age_bends", ())),
        km_bends=tuple((bend["knot"], bend["slope"]) for bend in model.get("km_bends", ())),
        certified_premium=model.get("certified_premium", 0.0),
        trims={trim_key(trim["trim"]): trim["effect"] for trim in model.get("trims", ())},
    )
