"""Events as they happen, on the running system: what was told is what the pages show."""

from __future__ import annotations

import json
import signal
import socket
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.conftest import start_system
from tests.e2e.conftest import Client, Group, new_vin, sign_in, stock_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_SECONDS = 60


class Stream:
    """A Server-Sent Events stream being read."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()

    def next(self) -> tuple[str | None, str, Any]:
        """Give the next event's id, name and data."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
            elif "data" in fields:
                return fields.get("id"), fields["event"], json.loads(fields["data"])
        pytest.fail("the stream ended")

    def until(self, name: str) -> tuple[str | None, Any]:
        """Give the id and data of the next event of a name."""
        while True:
            place, event, data = self.next()
            if event == name:
                return place, data


@contextmanager
def follow(client: Client, last: str | None = None, **params: Any) -> Iterator[Stream]:
    headers = {"Last-Event-ID": last} if last else {}
    with client.http.stream("GET", "/stream", headers=headers, params=params, timeout=PATIENCE_SECONDS) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)


def stocked(group: Group, dealer: str, vin: str) -> None:
    assert group.send(group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4"))["accepted"] == 1


def test_a_vehicle_is_told_of_and_what_was_missed_is_told_after(group: Group) -> None:
    dealer, vins = group.dealer(), [new_vin() for _ in range(3)]
    with follow(group, dealer_id=dealer) as stream:
        assert stream.next()[1] == "ready"
        stocked(group, dealer, vins[0])
        place, data = stream.until("vehicle.changed")
        assert data["dealer_id"] == dealer
        (item,) = data["items"]
        assert (item["vehicle_key"], item["status"]) == (vins[0], "in_stock")
    (shown,) = group.items("/inventory", dealer_id=dealer, vehicle_key=item["vehicle_key"])
    assert shown["aggregate_version"] == item["version"], "what was told of can be read"
    stocked(group, dealer, vins[1])
    group.until(dealer, vins[1], status="in_stock")
    with follow(group, last=place, dealer_id=dealer) as stream:
        assert stream.next() == (place, "ready", {"resumed": True})
        assert stream.until("vehicle.changed")[1]["items"][0]["vehicle_key"] == vins[1]
        stocked(group, dealer, vins[2])
        assert stream.until("vehicle.changed")[1]["items"][0]["vehicle_key"] == vins[2]


def test_only_rooftops_in_scope_are_heard_of(group: Group) -> None:
    mine, other = group.dealer(), group.dealer()
    vins = {mine: new_vin(), other: new_vin()}
    person = group.person("viewer", [mine])
    with follow(person) as stream:
        stream.until("ready")
        for dealer in (other, mine):
            stocked(group, dealer, vins[dealer])
            group.until(dealer, vins[dealer], status="in_stock")
        assert stream.until("vehicle.changed")[1]["dealer_id"] == mine
    person.problem(404, "GET", "/stream", params={"dealer_id": other})


def test_a_vehicle_that_moves_leaves_one_rooftop_and_comes_to_another(group: Group) -> None:
    here, there, vin = group.dealer(), group.dealer(), new_vin()
    stocked(group, here, vin)
    group.until(here, vin, status="in_stock")
    with follow(group.person("viewer", [here])) as left, follow(group.person("viewer", [there])) as come:
        left.until("ready")
        come.until("ready")
        group.send(group.event(here, "vehicle.transferred", vin, destination_dealer_id=there))
        assert left.until("vehicle.left")[1]["items"] == [{"vehicle_key": vin}]
        assert come.until("vehicle.changed")[1]["items"][0]["vehicle_key"] == vin


def test_an_import_tells_how_far_it_is_and_shows_in_the_list(group: Group) -> None:
    dealer = group.dealer()
    with follow(group, dealer_id=dealer) as stream:
        stream.until("ready")
        status = group.stock(dealer, [stock_row(new_vin()), stock_row("bad")])
        _, data = stream.until("import.done")
        told = {"id": status["id"], "kind": "inventory", "rows": 2, "accepted": 1, "rejected": 1}
        assert data["items"] == [told]
    (listed,) = group.items("/imports", dealer_id=dealer, kind="inventory", status="done")
    assert told.items() <= listed.items()
    assert group.items("/imports", dealer_id=dealer, status="failed") == []


def test_rules_that_were_set_are_told_of(group: Group) -> None:
    dealer = group.dealer()
    with follow(group, dealer_id=dealer) as stream:
        stream.until("ready")
        answer = group.http.put(
            "/policies", params={"dealer_id": dealer}, json={"lot_slots": 9}, headers={"If-Match": "0"}
        )
        assert answer.status_code == 200, answer.text
        assert stream.until("policy.set")[1]["items"] == [{"version": 1}]


def test_an_id_nobody_ever_gave_resets(group: Group) -> None:
    with follow(group, last="4611686018427387") as stream:
        assert stream.next()[1] == "reset"
    (error,) = group.problem(422, "GET", "/stream", headers={"Last-Event-ID": "x; DROP"})["errors"]
    assert error["field"] == "header.last-event-id"


def test_a_websocket_tells_the_same(group: Group) -> None:
    dealer, vin = group.dealer(), new_vin()
    token = group.http.headers["Authorization"].removeprefix("Bearer ")
    address = f"ws{str(group.http.base_url)[4:].rstrip('/')}/ws?dealer_id={dealer}"
    protocols = ["doso.v1", f"bearer.{token}"]
    with connect(address, subprotocols=protocols, open_timeout=60) as ws:  # type: ignore[arg-type]
        assert json.loads(ws.recv(PATIENCE_SECONDS))["event"] == "ready"
        stocked(group, dealer, vin)
        frame = json.loads(ws.recv(PATIENCE_SECONDS))
        assert (frame["event"], frame["data"]["items"][0]["vehicle_key"]) == ("vehicle.changed", vin)
        assert frame["id"].isdigit()


def test_machines_strangers_and_tokens_in_addresses_are_refused(group: Group) -> None:
    Client(group.dms).problem(403, "GET", "/stream")
    with httpx.Client(base_url=group.http.base_url, timeout=60) as http:
        Client(http).problem(401, "GET", "/stream")
    (error,) = group.problem(422, "GET", "/stream", params={"access_token": "x"})["errors"]
    assert error["field"] == "query.access_token"


@pytest.mark.parametrize("path", ["/inventory", "/recommendations", "/market/gaps", "/users", "/imports"])
def test_an_unknown_filter_is_named_with_the_known_ones(group: Group, path: str) -> None:
    (error,) = group.problem(422, "GET", path, params={"colour": "red"})["errors"]
    assert error["field"] == "query.colour"
    assert "sort" in error["message"]


def test_lists_sort_by_several_names(group: Group) -> None:
    first, second = sorted([group.dealer(), group.dealer()])
    vins = {dealer: (new_vin(), new_vin()) for dealer in (first, second)}
    for dealer, (cheap, dear) in vins.items():
        assert group.stock(dealer, [stock_row(cheap, 20_000), stock_row(dear, 22_000)])["accepted"] == 2
    for dealer, both in vins.items():
        for vin in both:
            group.until(dealer, vin, status="in_stock")
    found = [
        (row["dealer_id"], row["list_price"])
        for row in group.items("/inventory", sort="-price,dealer_id", max_price="22000")
        if row["dealer_id"] in {first, second}
    ]
    assert found == [(first, "22000.00"), (second, "22000.00"), (first, "20000.00"), (second, "20000.00")]
    for sort in ("price,price", "price,days,make,model", "price,"):
        assert group.problem(422, "GET", "/inventory", params={"sort": sort})["errors"][0]["field"] == "sort"


def test_people_and_keys_are_pages_too(group: Group) -> None:
    for _ in range(3):
        group.person("buyer")
    everybody = group.items("/users")
    walked: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = group.get("/users", limit=2, **cursor)
        walked += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert walked == everybody
    assert {user["role"] for user in group.items("/users", role="buyer")} == {"buyer"}
    assert [key["name"] for key in group.items("/api-keys", sort="name", revoked="false")]


def test_a_client_that_stops_reading_harms_nobody_else(group: Group) -> None:
    dealer, vin = group.dealer(), new_vin()
    host, port = str(group.http.base_url)[7:].split("/")[0].split(":")
    with socket.create_connection((host, int(port))) as idle, follow(group, dealer_id=dealer) as stream:
        request = (
            f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {group.http.headers['Authorization']}\r\n\r\n"
        )
        idle.sendall(request.encode())
        stream.until("ready")
        threading.Thread(target=stocked, args=(group, dealer, vin)).start()
        assert stream.until("vehicle.changed")[1]["items"][0]["vehicle_key"] == vin


def test_a_system_that_stops_tells_its_streams_and_does_not_wait_for_them(tmp_path: Path, broker_kind: str) -> None:
    running = start_system(tmp_path / "data", broker_kind)
    known = running.credentials
    signed_in = sign_in(f"{running.url}/api/v1", known["username"], known["password"])
    with closing(signed_in), follow(Client(signed_in)) as stream:
        stream.until("ready")
        running.process.send_signal(signal.SIGINT)
        _, data = stream.until("closed")
        assert (data["reason"], data["reconnect"]) == ("restart", True)
    assert running.process.wait(timeout=120) == 0
