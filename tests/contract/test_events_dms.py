"""The DMS event that vendors send: its types, its fields, and what it may hold besides."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.api.principal import Principal
from services.gateway.ingest import accept, parse
from services.gateway.store.accounts import Dealer
from shared.events import DmsEventKind, DmsEventReceived, VehicleFields

TENANT = UUID("7d3f0c52-9a1e-4b86-8f27-5c1d2e9b4a60")
DEALER = Dealer(
    TENANT, UUID("2f6c4a2e-6f0e-4c5e-9d4b-0f4d9d1c2b3a"), "Harbor Ford", "USD", "US-OH", "America/New_York"
)
PRINCIPAL = Principal(TENANT, "key:acme", "dms", None)
RECEIVED = datetime(2026, 3, 2, 15, 5, tzinfo=UTC)

KINDS = {
    "vehicle.stocked", "vehicle.updated", "vehicle.priced", "vehicle.transferred", "vehicle.sold",
    "vehicle.sale_unwound", "vehicle.wholesaled", "vehicle.departed", "order.placed", "order.received",
    "engagement.daily",
}  # fmt: skip
FIELDS = {
    "vin", "stock_number", "condition", "model_year", "make", "model", "trim", "body", "drivetrain", "fuel",
    "exterior_color", "odometer", "odometer_unit", "msrp", "invoice", "cost", "recon_cost", "list_price",
    "stock_date", "sale_date", "sale_price", "purchase_type", "front_gross", "back_gross", "destination_dealer_id",
}  # fmt: skip
CLOUD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "42-2026-03-02-001",
    "source": "urn:dms:acme:42",
    "type": "vehicle.priced",
    "time": "2026-03-02T15:04:05Z",
    "subject": "1FTEW1EP3MKD90117",
    "dealerid": str(DEALER.dealer_id),
    "data": {"vin": "1FTEW1EP3MKD90117", "list_price": "32490.00"},
}
scalars = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


def accepted(cloud: dict[str, Any]) -> DmsEventReceived:
    return accept(parse(json.dumps(cloud).encode()), PRINCIPAL, {DEALER.dealer_id: DEALER}, RECEIVED)


def test_types_and_fields_are_the_promised_ones() -> None:
    assert {kind.value for kind in DmsEventKind} >= KINDS
    assert set(VehicleFields.model_fields) >= FIELDS


@given(
    attributes=st.dictionaries(st.text(min_size=1).map("x-{}".format), json_values, max_size=3),
    fields=st.dictionaries(st.text(min_size=1).map("x-{}".format), json_values, max_size=3),
)
def test_fields_a_vendor_invents_change_nothing(attributes: dict[str, Any], fields: dict[str, Any]) -> None:
    invented = {**CLOUD, **attributes, "data": {**CLOUD["data"], **fields}}
    assert accepted(invented) == accepted(CLOUD)


def test_what_is_accepted_is_what_readers_read() -> None:
    event = accepted(CLOUD)
    payload = event.model_dump_json(exclude_none=True)
    assert DmsEventReceived.model_validate_json(payload) == event
    assert json.loads(payload)["list_price"] == "32490.00"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_type_arrives_as_it_was_sent(kind: str) -> None:
    sister = Dealer(TENANT, UUID(int=7), "Harbor Pre-Owned", "USD", "US-OH", "America/New_York")
    cloud = {**CLOUD, "type": kind, "data": {**CLOUD["data"], "destination_dealer_id": str(sister.dealer_id)}}
    both = {DEALER.dealer_id: DEALER, sister.dealer_id: sister}
    event = accept(parse(json.dumps(cloud).encode()), PRINCIPAL, both, RECEIVED)
    assert DmsEventReceived.model_validate_json(event.model_dump_json(exclude_none=True)).kind == kind


def test_sending_again_names_the_same_event_and_another_source_another() -> None:
    later = accept(parse(CLOUD), PRINCIPAL, {DEALER.dealer_id: DEALER}, RECEIVED + timedelta(hours=1))
    assert later.event_id == accepted(CLOUD).event_id
    assert accepted({**CLOUD, "source": "urn:dms:acme:43"}).event_id != later.event_id
    assert accepted({**CLOUD, "id": "42-2026-03-02-002"}).event_id != later.event_id
