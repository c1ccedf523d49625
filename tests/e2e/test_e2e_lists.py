"""What every list, every error and the API's own description promise."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e.conftest import Client, new_vin, poll, stock_row

if TYPE_CHECKING:
    from tests.conftest import System
    from tests.e2e.conftest import Group

LISTS = ("/inventory", "/market", "/market/gaps", "/forecasts", "/recommendations", "/feedback", "/learning/policies")
COUNT = 23


@pytest.fixture(scope="module")
def dealer(group: Group) -> str:
    """A rooftop whose units tie in price and in age, and of which some have neither."""
    dealer = group.dealer()
    rows = [stock_row(new_vin(), 20_000 + 500 * (place % 4)) for place in range(COUNT)]
    for place, row in enumerate(rows):
        row["Date In Stock"] = f"2026-01-{1 + place % 3:02}"
        if place % 7 == 0:
            row["Internet Price"] = ""
        row["Make"], row["Condition"] = ("Toyota", "Used") if place % 2 else ("Lexus", "New")
    status = group.stock(dealer, rows)
    assert status["accepted"] == COUNT, status["errors"]
    poll(lambda: len(group.items("/inventory", dealer_id=dealer)) == COUNT, "all units")
    return dealer


def walk(group: Group, limit: int, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = group.get("/inventory", limit=limit, **params, **cursor)
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        assert len(page["items"]) == limit, "only the last page may be short"
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("sort", ["days", "-days", "price", "-price", "key", "-key"])
@pytest.mark.parametrize("limit", [1, 5, COUNT, 500])
def test_pages_hold_every_item_exactly_once_in_order(group: Group, dealer: str, sort: str, limit: int) -> None:
    found = walk(group, limit, dealer_id=dealer, sort=sort)
    keys = [item["vehicle_key"] for item in found]
    assert len(keys) == len(set(keys)) == COUNT
    assert keys == [
        item["vehicle_key"] for item in group.get("/inventory", dealer_id=dealer, sort=sort, limit=500)["items"]
    ]
    name = {"days": "group_days", "price": "list_price", "key": "vehicle_key"}[sort.removeprefix("-")]
    values = [item.get(name) for item in found]
    known = [Decimal(v) if name == "list_price" else v for v in values if v is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))
    assert values[len(known) :] == [None] * (COUNT - len(known)), "what has no value comes last"


def test_filters_narrow(group: Group, dealer: str) -> None:
    lexus = walk(group, 4, dealer_id=dealer, make="lexus")
    assert {item["make"] for item in lexus} == {"Lexus"}
    assert {item["condition"] for item in walk(group, 4, dealer_id=dealer, condition="new")} == {"new"}
    assert len(lexus) + len(walk(group, 4, dealer_id=dealer, make="TOYOTA")) == COUNT
    oldest = max(item["group_days"] for item in lexus)
    assert {i["group_days"] for i in walk(group, 4, dealer_id=dealer, min_days=oldest)} == {oldest}
    assert walk(group, 4, dealer_id=dealer, min_days=oldest + 1) == []
    assert walk(group, 4, dealer_id=dealer, status="sold") == []


def test_cursor_fits_only_the_query_it_came_from(group: Group, dealer: str) -> None:
    cursor = group.get("/inventory", dealer_id=dealer, limit=2)["next_cursor"]
    for changed in ({"sort": "days"}, {"make": "Lexus"}, {"status": "sold"}):
        params = {"dealer_id": dealer, "limit": 2, "cursor": cursor, **changed}
        problem = group.problem(422, "GET", "/inventory", params=params)
        assert problem["errors"][0]["field"] == "cursor"
    assert group.get("/inventory", dealer_id=dealer, limit=3, cursor=cursor)["items"], "the size of a page may change"


@pytest.mark.parametrize("path", LISTS)
def test_unknown_sort_names_the_field_and_the_known_ones(group: Group, path: str) -> None:
    (error,) = group.problem(422, "GET", path, params={"sort": "colour; drop table vehicle"})["errors"]
    assert error["field"] == "sort"
    assert "must be one of" in error["message"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"dealer_id": "x"}, "dealer_id"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_bad_parameter_is_named(group: Group, path: str, params: dict[str, object], field: str) -> None:
    (error,) = group.problem(422, "GET", path, params=params)["errors"]
    assert error["field"].endswith(field)


@pytest.mark.parametrize("value", ["\x00", "' OR 1=1 --", "é" * 500])
def test_no_value_breaks_a_list(group: Group, value: str) -> None:
    answer = group.http.get("/inventory", params={"make": value})
    if "\x00" in value:
        group.problem(422, "GET", "/inventory", params={"make": value})
    else:
        assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_names_that_cannot_be_stored_are_a_problem_and_no_crash(group: Group) -> None:
    body = {"name": "a\x00b", "currency": "USD", "region": "US-MI"}
    assert "NUL" in group.problem(422, "POST", "/dealers", json=body)["detail"]
    group.problem(422, "GET", "/audit", params={"cursor": 10**30})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PUT", "/dealers", 405),
        ("DELETE", "/dms/events", 405),
        ("GET", "/recommendations/x", 422),
    ],
)
def test_errors_of_the_framework_are_problems_too(group: Group, method: str, path: str, status: int) -> None:
    group.problem(status, method, path)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "usd"}, "currency"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"name": ""}, "name"),
        ({"region": None}, "region"),
    ],
)
def test_bad_rooftop_is_refused_by_field(group: Group, changes: dict[str, object], field: str) -> None:
    body = {"name": "x", "currency": "USD", "region": "US-MI", "timezone": "UTC", **changes}
    (error,) = group.problem(422, "POST", "/dealers", json=body)["errors"]
    assert error["field"] == f"body.{field}"


@pytest.fixture(scope="module")
def document(system: System) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{system.url}/openapi.json", timeout=30).json()
    return found


def test_document_shows_an_example_of_a_dms_event(group: Group, document: dict[str, Any]) -> None:
    body = document["paths"]["/api/v1/dms/events"]["post"]["requestBody"]
    example = body["content"]["application/json"]["example"]
    (rejected,) = group.send(example)["rejected"]
    assert rejected["errors"] == [
        f"dealerid: no dealer {example['dealerid']} here; see GET /api/v1/dealers for the ids"
    ]
    assert "application/x-ndjson" in body["content"]


def test_document_refers_to_nothing_it_does_not_hold(document: dict[str, Any]) -> None:
    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    held = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= held
    assert "#/components/schemas/CloudEvent" in references(document)


def test_every_route_documents_its_problems(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation.get("summary"), where
            if path.removeprefix("/api/v1") in {"/health", "/ready"}:
                assert "503" in operation["responses"], where
                continue
            if path.startswith("/.well-known/"):
                continue  # the same document for everybody
            assert {"401", "422", "503"} <= operation["responses"].keys(), where
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], (where, status)
                    schema = response["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}, (where, status)


@pytest.mark.parametrize("path", ["/health", "/ready", "/api/v1/health", "/api/v1/ready"])
def test_health_names_each_check_and_needs_no_credentials(system: System, path: str) -> None:
    def well() -> Any:
        answer = httpx.get(f"{system.url}{path}", timeout=30)
        return answer.json() if (answer.status_code, answer.json()["status"]) == (200, "ok") else None

    checks = poll(well, "the status to be ok")["checks"]
    assert all(check["status"] == "ok" and check["detail"] for check in checks.values())
    assert path.endswith("health") or "postgres" in checks


def test_metrics_are_prometheus_text(system: System, dealer: str) -> None:
    answer = httpx.get(f"{system.url}/metrics", timeout=30)
    assert answer.headers["content-type"].startswith("text/plain")
    assert "doso_" in answer.text
    assert dealer not in answer.text, "no label per rooftop"


def test_problem_has_the_shape_of_rfc_9457(group: Group) -> None:
    problem = Client(group.http).problem(404, "GET", "/recommendations/00000000-0000-4000-8000-000000000001")
    assert problem == {
        "type": "about:blank", "title": "Not Found", "status": 404,
        "detail": "No recommendation 00000000-0000-4000-8000-000000000001 here.",
    }  # fmt: skip
