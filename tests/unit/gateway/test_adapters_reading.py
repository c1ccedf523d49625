"""How adapters read: spellings, envelopes, rooftops, and errors that name the sender's own field."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from adapter_deliveries import DEALERS, ELSEWHERE, NORTH, NOW, SOUTH, STAR, TENANT, example, read
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.adapters import ADAPTERS, paths
from services.gateway.adapters.paths import Finder, first_name, named, plain
from services.gateway.api.principal import Principal
from services.gateway.ingest import RejectionError, accept, parse

GROUP = Principal(TENANT, "source:src1", "dms", None)
SALE, STOCK, MOVE = "star_retail_delivery_report", "star_inventory_vehicle", "star_vehicle_transfer_order"


def sale(**changes: Any) -> dict[str, Any]:
    return {"RetailDeliveryReport": {**example(SALE)["RetailDeliveryReport"], **changes}}


def errors_of(adapter: str, document: Any, **changes: Any) -> list[str]:
    """Say everything that is wrong with a document, as the sender is told it."""
    found = []
    for mapped in read(adapter, document, **changes):
        found += mapped.errors
        if not mapped.errors:
            try:
                accept(parse(mapped.event), GROUP, DEALERS, NOW)
            except RejectionError as error:
                found += [mapped.told(each) for each in error.errors]
    return found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sale_date": "13/03/2026"}, "RetailDeliveryReport.sale_date: '13/03/2026' is no date: send 2026-03-02"),
        ({"sale_date": "2026-05-01"}, "RetailDeliveryReport.sale_date: 2026-05-01 is in the future"),
        ({"sale_date": {"a": 1}}, "RetailDeliveryReport.sale_date: is not a date"),
        ({"purchase_type": ["x" * 400]}, "RetailDeliveryReport.purchase_type[0]: is longer than 300 characters"),
        (
            {"occurrence_date_time": "2026-03-13T10:30:00"},
            "RetailDeliveryReport.occurrence_date_time: '2026-03-13T10:30:00' does not say its time zone",
        ),
        ({"occurrence_date_time": "2031-01-01T00:00:00Z"}, "RetailDeliveryReport.occurrence_date_time: 2031-01-01"),
        (
            {"odometer_at_sale": {"value": "far"}},
            "RetailDeliveryReport.odometer_at_sale.value: 'far' is not a number",
        ),
        (
            {"odometer_at_sale": {"value": "5", "uom": "LEAGUES"}},
            "RetailDeliveryReport.odometer_at_sale.uom: 'leagues' is no unit of distance",
        ),
        ({"locale": {"currency_code": "CAD"}}, "RetailDeliveryReport.locale.currency_code: CAD is not USD"),
        (
            {"vehicle": {"vin": "1M8GDM9AXKP"}},
            "RetailDeliveryReport.vehicle.vin: Value error, VIN '1M8GDM9AXKP' has 11",
        ),
        (
            {"vehicle": {"vin": "1M8GDM9A1KP042788"}},
            "RetailDeliveryReport.vehicle.vin: 1M8GDM9A1KP042788 has a wrong",
        ),
        ({"vehicle": {}}, "RetailDeliveryReport.vehicle.vin: say which vehicle: RetailDeliveryReport.vehicle.vin"),
        ({"vehicle": 42}, "RetailDeliveryReport.vehicle.vin: say which vehicle"),
        ({"dealer_code": "DL-1"}, "RetailDeliveryReport.dealer_code: the source has no dealer code 'DL-1'"),
        ({"dealer_code": str(ELSEWHERE)}, f"RetailDeliveryReport.dealer_code: no dealer {ELSEWHERE} here"),
        ({"party_references": []}, "RetailDeliveryReport.dealer_code: say which rooftop; the source speaks for 2"),
    ],
)
def test_error_names_the_senders_field(changes: dict[str, Any], expected: str) -> None:
    assert errors_of(SALE, sale()) == []
    assert expected in "; ".join(errors_of(SALE, sale(**changes)))


def test_error_of_one_of_several_names_its_place_and_spares_the_others() -> None:
    document = example(STOCK)
    document["inventory_vehicles"][0]["vehicle_price_summaries"][0]["price"]["total_amount"] = "24990.005 EUR?"
    bad, good = read(STOCK, document)
    place = "inventory_vehicles[0].vehicle_price_summaries[0].price.total_amount"
    assert bad.errors[0].startswith(f"{place}: ")
    assert good.errors == ()


@pytest.mark.parametrize(
    ("statuses", "availability"),
    [
        (["STOCKED_IN", "PRE_SOLD"], "pending"),
        (["recall_hold", "ON_DEALER_LOT"], "held"),
        (["STOCKED_IN", "UNKNOWN"], "available"),
        ("RESERVED", "pending"),
        (["UNKNOWN"], None),
        (["SOLD"], None),
    ],
)
def test_of_several_statuses_the_one_that_keeps_a_vehicle_from_sale_counts(
    statuses: Any, availability: str | None
) -> None:
    document = example(STOCK)
    document["inventory_vehicles"][0]["inventory_status_types"] = statuses
    mapped = read(STOCK, document)[0]
    assert mapped.errors == ()
    assert mapped.event["data"].get("availability") == availability


def test_spelling_does_not_matter_and_is_given_back() -> None:
    camel = {
        "RetailDeliveryReport": {"Vehicle": {"VIN": "1M8GDM9AXKP042788"}, "SaleDate": "x", "DealerCode": "DL-99482"}
    }
    assert errors_of(SALE, camel) == [
        "RetailDeliveryReport.SaleDate: 'x' is no date: send 2026-03-02 or 2026-03-02T15:04:05Z"
    ]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda bod: bod,
        lambda bod: {"RetailDeliveryReports": [bod]},
        lambda bod: {"ProcessRetailDeliveryReport": {"DataArea": {"RetailDeliveryReport": bod}}},
        lambda bod: {"specversion": "1.0", "id": "e1", "source": "urn:x", "type": "sale", "data": bod},
    ],
    ids=["bare", "list", "bod", "cloudevent"],
)
def test_document_is_found_in_its_envelope(wrapped: Any) -> None:
    (mapped,) = read(SALE, wrapped(example(SALE)["RetailDeliveryReport"]))
    assert mapped.errors == ()
    assert mapped.event["data"] == example(SALE, "events.json")[0]["data"]


def test_envelope_names_and_dates_the_event() -> None:
    envelope = {"specversion": "1.0", "id": "e1", "source": "urn:x", "time": "2026-04-01T00:00:00Z"}
    stock = example(STOCK)["inventory_vehicles"][0]
    (mapped,) = read(STOCK, {**envelope, "data": stock})
    assert {name: mapped.event[name] for name in ("id", "source", "time")} == {
        name: envelope[name] for name in ("id", "source", "time")
    }


def test_events_that_only_the_delivery_names_are_told_apart_by_their_place() -> None:
    stock = example(STOCK)
    ids = [mapped.event["id"] for place in (0, 1) for mapped in read(STOCK, stock, place=place)]
    ids += [mapped.event["id"] for mapped in read(STOCK, stock["inventory_vehicles"][0], place=1)]
    assert len(set(ids)) == 5


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        (["AVAILABLE"], "vehicle.stocked"),
        (["RESERVED", "ON_DEALER_LOT"], "vehicle.stocked"),
        (["AVAILABLE", "SOLD"], "vehicle.sold"),
        (["wholesale"], "vehicle.wholesaled"),
        (["ON_ORDER"], "order.placed"),
        (["DISPOSAL"], "vehicle.departed"),
        (["UNKNOWN"], "vehicle.updated"),
        ([], "vehicle.updated"),
    ],
)
def test_status_tells_the_event(statuses: list[str], kind: str) -> None:
    vehicle = {**example(STOCK)["inventory_vehicles"][0], "inventory_status_types": statuses}
    (mapped,) = read(STOCK, vehicle)
    assert mapped.event["type"] == kind


def test_price_before_tax_counts_before_the_total() -> None:
    price = {
        "value": "24990.00",
        "total_amount": "26489.40",
        "tax_included_indicator": True,
        "price_types": ["INTERNET"],
    }
    vehicle = {**example(STOCK)["inventory_vehicles"][0], "vehicle_price_summaries": [{"price": price}]}
    (mapped,) = read(STOCK, {"vehicles": [vehicle]})
    assert mapped.event["data"]["list_price"] == "24990.00"


def test_sale_that_was_undone_is_unwound() -> None:
    (mapped,) = read(SALE, sale(deal_status_type="CANCELLED"))
    assert mapped.event["type"] == "vehicle.sale_unwound"


def test_transfer_waits_for_its_arrival_and_needs_where_it_goes() -> None:
    order = example(MOVE)["vehicleTransferOrder"]
    order.pop("actualArrivalDateTime")
    order.pop("destinationParty")
    assert errors_of(MOVE, {"vehicleTransferOrder": order}) == [
        "vehicleTransferOrder.destination_party.account_number: is missing",
        "vehicleTransferOrder.actual_arrival_date_time: the vehicle has not arrived; send the order again when it has",
    ]


def test_transfer_to_a_rooftop_of_another_group_is_refused() -> None:
    order = example(MOVE)["vehicleTransferOrder"]
    order["destinationParty"]["accountNumber"] = str(ELSEWHERE)
    assert errors_of(MOVE, {"vehicleTransferOrder": order}) == [
        f"vehicleTransferOrder.destinationParty.accountNumber: no dealer {ELSEWHERE} here"
    ]


def test_source_of_one_rooftop_need_not_name_it_and_can_name_no_other() -> None:
    bare = sale(party_references=[])
    (mapped,) = read(SALE, bare, scope=frozenset({SOUTH}))
    assert mapped.event["dealerid"] == str(SOUTH)
    assert "no dealer" in errors_of(SALE, sale(), scope=frozenset({SOUTH}))[0]


def test_relay_names_the_rooftop_in_its_header() -> None:
    codes = {"b5d1f0a2-0000-4000-8000-00000000c0de": str(SOUTH), "DL-99482": str(NORTH)}
    headers = {"data-owner-id": "b5d1f0a2-0000-4000-8000-00000000c0de"}
    (mapped,) = read("fortellis_relay", example("fortellis_relay"), dealer_codes=codes, headers=headers)
    assert mapped.event["dealerid"] == str(SOUTH)


def test_relay_event_of_unknown_kind_is_told_the_known_ones() -> None:
    document = {**example("fortellis_relay"), "eventType": "APPT_OPENED"}
    (error,) = errors_of("fortellis_relay", document)
    assert error.startswith("eventType: APPT_OPENED is no kind of event we know; it is one of ")
    assert "VEHICLE_SOLD" in error


def test_buyer_is_not_read() -> None:
    secret = "Jane Q. Buyer"
    (mapped,) = read(SALE, sale(buyer={"full_name": secret}, party_name=secret, customer={"name": secret}))
    assert secret not in str(mapped)


def test_value_of_a_list_is_found_by_what_its_element_says() -> None:
    document = {"a": [{"k": ["X", "Y"], "v": 1}, {"k": "Z", "v": 2}, [{"k": "Z", "v": 3}]]}
    assert [(f.value, f.where) for f in Finder().find(document, "a[k=Y|Z].v", "top")] == [
        (1, "top.a[0].v"),
        (2, "top.a[1].v"),
    ]
    assert [f.value for f in Finder().find(document, "a.v", "")] == [1, 2]


def test_either_of_several_names_will_do() -> None:
    document = {"b": [{"k": "Y", "w": 2}], "A": {"k": "Y", "v": 1}}
    assert [f.where for f in Finder().find(document, "a|b[k=X|Y].v|w", "top")] == ["top.A.v", "top.b[0].w"]
    assert first_name("/a|b[k=X|Y].v|w") == "a.v"


def test_name_is_looked_for_four_levels_down() -> None:
    assert named({"a": {"b": {"c": {"Things": [1]}}}}, "thing") is not None
    assert named({"a": {"b": {"c": {"d": {"thing": {}}}}}}, "thing") is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=12), inside, max_size=4),
    max_leaves=12,
)


@st.composite
def soiled(draw: st.DrawFn, adapter: str) -> Any:
    """Give an adapter's example with one to four of its values replaced by anything."""

    def places(node: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        return [path, *(deeper for key, value in items for deeper in places(value, (*path, key)))]

    document = example(adapter)
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(places(document, ())))
        value = draw(JSON)
        if not path:
            return value
        node = document
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value
    return document


@pytest.mark.parametrize("adapter", [*STAR, "fortellis_relay", "canonical"])
@given(data=st.data())
@settings(max_examples=150)
def test_malformed_documents_are_accepted_or_told_which_field_is_wrong(adapter: str, data: st.DataObject) -> None:
    document = data.draw(soiled(adapter))
    for error in errors_of(adapter, document):
        where, colon, reason = error.partition(": ")
        assert colon, error
        assert where, error
        assert reason, error
        assert adapter == "canonical" or not where.startswith("data."), error


def test_deeply_nested_documents_are_no_crash() -> None:
    nested: Any = 1
    for _ in range(900):
        nested = [nested]
    for adapter in ADAPTERS:
        errors_of(adapter, nested)
        errors_of(adapter, {"vehicle": nested, "VehicleTransferOrder": nested, "dealer_code": nested, "id": nested})


def test_rooftop_ids_are_codes_of_every_source() -> None:
    (mapped,) = read(SALE, sale(dealer_code=str(SOUTH)), dealer_codes={})
    assert UUID(mapped.event["dealerid"]) == SOUTH


def test_the_names_at_the_top_of_a_document_are_read_once_for_all_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery is judged on the event loop: once for each event would make everybody wait."""
    folded = Counter[str]()
    monkeypatch.setattr(paths, "plain", lambda name: folded.update([name]) or plain(name))
    document = {"Vehicle": [{}] * 40, "marker": 1}
    assert len(list(read("fortellis_relay", document))) == 40
    assert folded["marker"] <= 2, "to find the list, and to find what stands beside it"
