"""What a client may ask of the running gateway, and what it is told when it asks for more."""

from __future__ import annotations

import gzip
import json
import socket
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.conftest import start_system
from tests.e2e.conftest import Client, new_vin, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import System
    from tests.e2e.conftest import Group

MIB = 1024 * 1024
ALWAYS = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store",
    "x-frame-options": "DENY", "cross-origin-resource-policy": "same-origin",
}  # fmt: skip
STRICT = {
    "DOSO_GATEWAY_SIGN_IN_PER_ADDRESS": "4/day",
    "DOSO_GATEWAY_READS_PER_SENDER": "3/day",
    "DOSO_GATEWAY_WRITES_PER_TENANT": "2/day",
    "DOSO_GATEWAY_BODY_IDLE_SECONDS": "5",
    "DOSO_GATEWAY_ALLOWED_HOSTS": "127.0.0.1",
    "DOSO_GATEWAY_CORS_ORIGINS": "https://app.dealer.example",
    "DOSO_GATEWAY_MAX_IMPORT_ROWS": "3",
}


@contextmanager
def raw(url: str, head: str, body: bytes = b"") -> Iterator[socket.socket]:
    """Send a head and a part of a body, as they are."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        yield connection


def answer_of(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one whole answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, body = data.split(b"\r\n\r\n", 1)
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _some(connection)
    return int(first.split()[1]), headers, body


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    assert data, "the connection ended within an answer"
    return data


@pytest.fixture
def machine(group: Group) -> Client:
    return Client(group.dms)


def test_body_over_its_cap_is_refused_with_a_length_and_without(group: Group, machine: Client) -> None:
    machine.problem(413, "POST", "/dms/events", content=b" " * (10 * MIB))
    machine.problem(413, "POST", "/dms/events", content=iter([b" " * MIB] * 10))
    group.problem(
        413, "POST", "/dealers", content=iter([b" " * MIB] * 2), headers={"content-type": "application/json"}
    )
    Client(httpx.Client(base_url=group.http.base_url, timeout=60)).problem(
        413, "POST", "/auth/token", data={"username": "x" * 20_000}
    )


def test_body_that_would_be_costly_is_not_parsed(group: Group, machine: Client) -> None:
    deep = b'{"a":' * 5000 + b"1" + b"}" * 5000
    assert "nested" in machine.problem(400, "POST", "/dms/events", content=deep)["detail"]
    as_json = {"content-type": "application/json"}
    assert "nested" in group.problem(400, "POST", "/dealers", content=deep, headers=as_json)["detail"]
    bomb = gzip.compress(b"[" + b"0," * 5_000_000 + b"0]")
    machine.problem(415, "POST", "/dms/events", content=bomb, headers={"Content-Encoding": "gzip"})


def test_event_among_broken_lines_is_still_taken_in(group: Group, machine: Client) -> None:
    event = group.event(group.dealer(), "vehicle.stocked", new_vin(), make="Toyota", model="RAV4")
    lines = b"\n".join([b'{"specversion": "[[[[', json.dumps(event).encode(), b"{{{{"])
    answer = machine.http.post("/dms/events", content=lines, headers={"content-type": "application/x-ndjson"}).json()
    assert (answer["accepted"], [one["index"] for one in answer["rejected"]]) == (1, [0, 2])


@pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("viewer", 403)])
def test_upload_of_who_may_not_is_refused_before_it_is_read(group: Group, who: str, status: int) -> None:
    token = group.person("viewer").http.headers["Authorization"] if who == "viewer" else ""
    head = (
        f"POST /api/v1/inventory/imports HTTP/1.1\nHost: 127.0.0.1\nContent-Type: multipart/form-data; boundary=x\n"
        f"Content-Length: {400 * MIB}" + (f"\nAuthorization: {token}" if token else "")
    )
    part = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\nVIN'
    with raw(str(group.http.base_url), head, part) as connection:
        got, headers, body = answer_of(connection)  # long before the other 400 MiB
        assert (got, json.loads(body)["status"]) == (status, status)
        assert headers["connection"] == "close"


def test_upload_over_its_cap_is_refused_by_its_length_alone(group: Group) -> None:
    head = (
        f"POST /api/v1/inventory/imports HTTP/1.1\nHost: 127.0.0.1\nX-API-Key: {group.admin.dms_api_key}\n"
        f"Content-Type: multipart/form-data; boundary=x\nContent-Length: {600 * MIB}"
    )
    with raw(str(group.http.base_url), head, b"--x") as connection:
        assert answer_of(connection)[0] == 413


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /" + "a" * 9000 + " HTTP/1.1\nHost: a", 414),
        ("GET / HTTP/1.1\nHost: a\n" + "\n".join(f"X-{n}: 1" for n in range(150)), 431),
        ("GET / HTTP/1.1\nHost: a\nX-Long: " + "a" * 200_000, 431),
        ("GET / HTTP/1.1\nHost: a\nContent-Length: many", 400),
        ("POST /api/v1/dealers HTTP/1.1\nHost: a\nContent-Length: 3\nTransfer-Encoding: chunked", 400),
        ("nonsense", 400),
    ],
    ids=["url", "many headers", "long header", "no length", "two lengths", "no http"],
)
def test_what_the_server_itself_refuses_is_a_problem_too(system: System, head: str, status: int) -> None:
    with raw(system.url, head) as connection:
        got, headers, body = answer_of(connection)
    assert (got, headers["content-type"]) == (status, "application/problem+json")
    assert json.loads(body)["status"] == status


def test_every_answer_carries_the_headers(system: System, group: Group) -> None:
    with httpx.Client(base_url=system.url, timeout=30) as nobody:
        answers = [
            nobody.get("/health"), nobody.get("/nowhere"), nobody.get("/api/v1/dealers"), nobody.get("/docs"),
            nobody.get("/openapi.json"), nobody.put("/api/v1/dms/events"), group.http.get("/dealers"),
            group.http.post("/dealers", json={}), group.http.get(f"/dealers/{uuid4()}"),
            nobody.post("/api/v1/auth/token", data={"username": "nobody", "password": "x"}),
        ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 404, 401, 200, 200, 405, 200, 422, 404, 401]
    ids = set()
    for answer in answers:
        for name, value in ALWAYS.items():
            assert answer.headers[name] == value, (answer.url, name)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
        ids.add(answer.headers["x-request-id"])
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
    assert len(ids) == len(answers)
    assert answers[6].headers["ratelimit"].count(";r=") == 1
    assert '"reads-sender"' in answers[6].headers["ratelimit-policy"]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Run a second system with limits that a test can reach."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in STRICT.items():
            environment.setenv(name, value)
        running = start_system(tmp_path_factory.mktemp("strict") / "data", "memory")
    yield running
    assert running.stop() == 0


def test_limits_are_reached_told_and_kept_apart(strict: System) -> None:
    api, known = f"{strict.url}/api/v1", strict.credentials
    with closing(sign_in(api, known["username"], known["password"])) as http:
        admin = Client(http)
        machine = Client(httpx.Client(base_url=api, headers={"X-API-Key": known["dms_api_key"]}, timeout=30))
        answers = [http.get("/dealers") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 172_800
        assert answers[-1].headers["ratelimit"].startswith('"reads-sender";r=0;')
        assert "these credentials" in admin.problem(429, "GET", "/inventory")["detail"]
        made = [http.post("/dealers", json=_dealer(name)) for name in ("One", "Two", "Three")]
        assert [answer.status_code for answer in made] == [201, 201, 429]
        assert "your group" in made[-1].json()["detail"]
        assert machine.http.post("/dms/events", json=[{}]).status_code == 202, "events have rates of their own"

        form = {"dealer_id": made[0].json()["id"]}
        file = {"file": ("stock.csv", "VIN,Price\n" + "".join(f"{new_vin()},10000\n" for _ in range(4)))}
        imported = machine.http.post("/inventory/imports", data=form, files=file).json()["id"]
        status = _ended(machine, f"/inventory/imports/{imported}", strict)
        assert (status["status"], "more than 3 rows" in status["error"]) == ("failed", True)

        wrong = {"username": "nobody", "password": "x"}
        statuses = [httpx.post(f"{api}/auth/token", data=wrong, timeout=30).status_code for _ in range(4)]
        assert statuses == [401, 401, 401, 429], "the one that was right counts too"
        assert http.get("/health").status_code == 200
    metrics = httpx.get(f"{strict.url}/metrics", timeout=30).text
    for route_class, partition in (("reads", "sender"), ("writes", "tenant"), ("sign_in", "address")):
        assert f'doso_requests_limited_total{{partition="{partition}",route_class="{route_class}"' in metrics


def _dealer(name: str) -> dict[str, str]:
    return {"name": name, "currency": "USD", "region": "US-MI", "timezone": "UTC"}


def _ended(machine: Client, path: str, system: System) -> dict[str, Any]:
    """Wait for an import on a system where reading counts: ask seldom, as its owner would the database."""
    import asyncio

    import asyncpg

    from deploy.local.servers import PostgresServer

    async def look() -> dict[str, Any]:
        connection = await asyncpg.connect(PostgresServer(system.data_dir).dsn())
        try:
            for _ in range(300):
                row = await connection.fetchrow("SELECT status, error FROM gateway.import WHERE status <> 'running'")
                if row is not None:
                    return dict(row)
                await asyncio.sleep(0.2)
        finally:
            await connection.close()
        message = f"{path} did not end"
        raise AssertionError(message)

    return asyncio.run(look())


def test_body_that_stops_coming_is_given_up(strict: System) -> None:
    head = (
        f"POST /api/v1/dms/events HTTP/1.1\nHost: 127.0.0.1\nX-API-Key: {strict.credentials['dms_api_key']}\n"
        "Content-Type: application/json\nContent-Length: 1000"
    )
    began = time.monotonic()
    with raw(strict.url, head, b"[{") as connection:
        status, headers, body = answer_of(connection)
    assert (status, json.loads(body)["status"], headers["connection"]) == (408, 408, "close")
    assert time.monotonic() - began < 60


def test_only_named_hosts_and_origins_are_served(strict: System) -> None:
    with httpx.Client(base_url=strict.url, timeout=30) as http:
        Client(http).problem(400, "GET", "/api/v1/nowhere", headers={"Host": "evil.example"})
        assert http.get("/health", headers={"Host": "10.0.0.7"}).status_code == 200
        asked = {"Origin": "https://app.dealer.example", "Access-Control-Request-Method": "POST"}
        allowed = http.options("/api/v1/dealers", headers=asked)
        assert allowed.headers["access-control-allow-origin"] == asked["Origin"]
        refused = http.options("/api/v1/dealers", headers={**asked, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in refused.headers
