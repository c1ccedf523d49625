"""DMS events: what is refused and how it is said, and what an accepted one carries on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.gateway.api.principal import Principal
from services.gateway.ignored_fields import IgnoredFields
from services.gateway.ingest import RejectionError, accept, parse
from services.gateway.store.accounts import Dealer
from shared.events import DmsEventKind, DmsEventReceived

NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)
TENANT, NORTH, SOUTH, ELSEWHERE = (UUID(int=number) for number in (9, 1, 2, 3))
DEALERS = {
    dealer_id: Dealer(TENANT, dealer_id, name, "USD", "US-MI", "America/Detroit")
    for dealer_id, name in ((NORTH, "Northside"), (SOUTH, "Southside"))
}
GROUP = Principal(TENANT, "key:1", "dms", None)
VIN, MISTYPED, EUROPEAN = "1M8GDM9AXKP042788", "1M8GDM9A1KP042788", "WVWZZZ1JZ3W386752"


def event(**changes: Any) -> dict[str, Any]:
    data = {"vin": VIN, "list_price": "18990.00", **changes.pop("data", {})}
    return {
        "specversion": "1.0", "id": "42-001", "source": "urn:dms:acme:42", "type": "vehicle.priced",
        "time": "2026-04-15T10:00:00+02:00", "dealerid": str(NORTH), **changes,
        "data": {name: value for name, value in data.items() if value is not None},
    }  # fmt: skip


def take(raw: dict[str, Any], principal: Principal = GROUP) -> DmsEventReceived:
    return accept(parse(raw), principal, DEALERS, NOW)


def errors_of(raw: dict[str, Any], principal: Principal = GROUP) -> list[str]:
    with pytest.raises(RejectionError) as refused:
        take(raw, principal)
    assert str(refused.value) == "; ".join(refused.value.errors)
    return refused.value.errors


def test_accepted_event_carries_the_facts_of_its_dealer() -> None:
    found = take(event())
    assert (found.kind, found.vin, found.list_price) == (DmsEventKind.PRICED, VIN, Decimal("18990.00"))
    assert found.occurred_at == datetime(2026, 4, 15, 8, tzinfo=UTC)
    assert (found.tenant_id, found.dealer_id, found.dealer_name) == (TENANT, NORTH, "Northside")
    assert (found.currency, found.region, found.received_at) == ("USD", "US-MI", NOW)
    assert DmsEventReceived.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("timezone", "time", "day"),
    [
        ("America/Los_Angeles", "2026-03-31T17:30:00-07:00", date(2026, 3, 31)),
        ("America/Los_Angeles", "2026-04-01T00:30:00Z", date(2026, 3, 31)),
        ("Australia/Sydney", "2026-03-21T09:45:00+11:00", date(2026, 3, 21)),
    ],
)
def test_the_day_of_an_event_is_the_rooftops_whoever_says_what(timezone: str, time: str, day: date) -> None:
    there = {NORTH: replace(DEALERS[NORTH], timezone=timezone)}
    told = accept(parse(event(time=time, data={"reported_on": "2026-01-01"})), GROUP, there, NOW)
    assert told.reported_on == day


def test_bytes_and_objects_read_the_same() -> None:
    assert parse(json.dumps(event()).encode()) == parse(event())


def test_source_and_id_of_a_tenant_name_the_event() -> None:
    first = take(event())
    assert take(event(data={"list_price": "1.00"})).event_id == first.event_id
    assert take(event(id="42-002")).event_id != first.event_id
    assert take(event(source="urn:dms:acme:43")).event_id != first.event_id
    other = Principal(ELSEWHERE, "key:2", "dms", None)
    assert accept(parse(event()), other, DEALERS, NOW).event_id != first.event_id


def test_vin_may_stand_in_the_subject() -> None:
    assert take(event(subject=VIN.lower(), data={"vin": None})).vin == VIN


def test_subject_may_be_a_stock_number() -> None:
    found = take(event(subject="A1234", data={"vin": None}))
    assert (found.vin, found.subject) == (None, "A1234")


def test_unknown_fields_are_ignored() -> None:
    assert take(event(dataschema="x", data={"cup_holders": 4})).vin == VIN


def test_european_vin_needs_no_check_digit() -> None:
    assert take(event(data={"vin": EUROPEAN})).vin == EUROPEAN


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"time": "2026-04-15T10:00:00"}, "time: Input should have timezone info"),
        ({"time": "yesterday"}, "time: Input should be a valid datetime"),
        ({"time": "2026-04-16T12:00:01Z"}, "time: 2026-04-16T12:00:01+00:00 is in the future"),
        ({"time": "0001-01-01T00:00:00+23:00"}, "time: 0001-01-01T00:00:00+23:00 is before 1990-01-01"),
        ({"specversion": "0.3"}, "specversion: String should match pattern"),
        ({"id": ""}, "id: String should have at least 1 character"),
        ({"id": "a\0b"}, "id: holds a NUL character"),
        ({"dealerid": "42"}, "dealerid: Input should be a valid UUID"),
        ({"dealerid": str(ELSEWHERE)}, f"dealerid: no dealer {ELSEWHERE} here; see GET /api/v1/dealers"),
        ({"data": {"list_price": "-1"}}, "data.list_price: Input should be greater than or equal to 0"),
        ({"data": {"list_price": "1.999"}}, "data.list_price: Decimal input should have no more than 2 decimal"),
        ({"data": {"list_price": None}}, "data.list_price: a price event needs the price"),
        ({"data": {"vin": MISTYPED}}, f"data.vin: {MISTYPED} has a wrong check digit (position 9)"),
        ({"subject": MISTYPED, "data": {"vin": None}}, f"{MISTYPED} has a wrong check digit (position 9)"),
        (
            {"data": {"vin": VIN[:16]}},
            "data.vin: Value error, VIN '1M8GDM9AXKP04278' has 16 characters instead of 17",
        ),
        ({"data": {"vin": "1M8GDM9AXKPO42788"}}, "data.vin: Value error, VIN '1M8GDM9AXKPO42788' contains 'O'"),
        ({"data": {"vin": None}}, "data.vin: say which vehicle: data.vin, data.stock_number or subject"),
        ({"data": {"make": "Au\0di"}}, "data.make: holds a NUL character"),
        ({"data": {"condition": "mint"}}, "data.condition: Input should be 'new', 'used', 'certified' or 'demo'"),
        ({"data": {"odometer": -3}}, "data.odometer: Input should be greater than or equal to 0"),
        ({"data": {"stock_date": "2026-04-17"}}, "data.stock_date: 2026-04-17 is in the future"),
        ({"data": {"sale_date": "1899-12-30"}}, "data.sale_date: 1899-12-30 is before 1990-01-01; send YYYY-MM-DD"),
        (
            {"data": {"stock_date": "2026-03-02", "sale_date": "2026-03-01"}},
            "data.sale_date: 2026-03-01 is before data.stock_date 2026-03-02",
        ),
        ({"type": "vehicle.transferred"}, "data.destination_dealer_id: a transfer needs the dealer it goes to"),
        (
            {"type": "vehicle.transferred", "data": {"destination_dealer_id": str(ELSEWHERE)}},
            f"data.destination_dealer_id: no dealer {ELSEWHERE} here",
        ),
    ],
)
def test_refusal_names_the_field_and_what_is_wrong(changes: dict[str, Any], expected: str) -> None:
    (error,) = errors_of(event(**changes))
    assert expected in error


def test_unknown_type_lists_the_known_ones() -> None:
    (error,) = errors_of(event(type="vehicle.exploded"))
    assert error.startswith("type: not a type we know; it is one of ")
    assert all(kind.value in error for kind in DmsEventKind)


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert len(errors_of(event(time="2031-01-01T00:00:00Z", data={"vin": MISTYPED, "list_price": None}))) == 3
    assert len(errors_of(event(specversion="2", time="x", data={"odometer": "far"}))) == 3


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe"])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(RejectionError, match="body: "):
        parse(raw)


def test_sale_dates_up_to_tomorrow_allow_for_time_zones() -> None:
    tomorrow = (NOW + timedelta(days=1)).date()
    assert take(event(type="vehicle.sold", data={"sale_date": str(tomorrow)})).sale_date == tomorrow
    assert take(event(data={"stock_date": "1990-01-01"})).stock_date == date(1990, 1, 1)


def test_sender_may_speak_only_for_its_own_rooftops() -> None:
    scoped = Principal(TENANT, "key:2", "dms", frozenset({SOUTH}))
    assert take(event(dealerid=str(SOUTH)), scoped).dealer_id == SOUTH
    assert "no dealer" in errors_of(event(), scoped)[0]


def test_transfer_goes_to_a_rooftop_of_the_group() -> None:
    found = take(event(type="vehicle.transferred", data={"destination_dealer_id": str(SOUTH)}))
    assert found.destination_dealer_id == SOUTH


@pytest.mark.parametrize("name", ["msrp", "invoice", "cost", "list_price", "sale_price"])
def test_an_amount_of_zero_says_nothing(name: str) -> None:
    found = take(event(type="vehicle.sold", data={"list_price": None, name: "0.00", "recon_cost": "0.00"}))
    assert (getattr(found, name), found.recon_cost) == (None, Decimal("0.00"))


def test_a_price_event_whose_price_is_zero_is_refused() -> None:
    assert errors_of(event(data={"list_price": "0.00"})) == [
        "data.list_price: a price event needs the price, which is never 0"
    ]


@pytest.mark.parametrize(
    ("condition", "kept"), [("used", None), ("certified", None), ("new", 0), ("demo", 0), (None, 0)]
)
def test_only_a_used_car_has_been_driven_for_certain(condition: str | None, kept: int | None) -> None:
    assert take(event(data={"condition": condition, "odometer": 0})).odometer == kept


def test_names_that_are_not_ours_are_told_with_what_was_meant() -> None:
    ignored = IgnoredFields()
    for index, said in enumerate(({"salePrice": "1"}, {"list_price": "2.00"}, {"salePrice": "3", "colour": "red"})):
        cloud = parse(event(data=said))
        assert not set(vars(accept(cloud, GROUP, DEALERS, NOW))) & {"salePrice", "colour"}
        ignored.note(index, cloud)
    assert [each.model_dump() for each in ignored.told()] == [
        {"field": "data.salePrice", "events": 2, "first": 0, "meant": "sale_price"},
        {"field": "data.colour", "events": 1, "first": 2, "meant": None},
    ]


def test_a_sender_of_endless_names_is_told_of_fifty() -> None:
    ignored = IgnoredFields()
    ignored.note(0, parse(event(data={f"x{number}" + "y\x00" * 100: "1" for number in range(80)})))
    assert len(ignored.told()) == 50
    assert all(len(each.field) <= 85 and "\x00" not in each.field for each in ignored.told())
