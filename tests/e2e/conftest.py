"""Dealer groups on the running system, each a tenant of its own, spoken to as a client does: over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest

from deploy.local.servers import PostgresServer
from services.gateway.bootstrap import FirstAdmin, bootstrap
from shared.events.vin import Vin
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import System
    from tests.e2e.users import User
    from tests.e2e.vendor import Vendor

PATIENCE_SECONDS = 300
_serials = itertools.count(100_001)


def poll(probe: Callable[[], Any], what: str) -> Any:
    """Ask until the answer is true; what was last answered is told when it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    answer = probe()
    while not answer:
        if time.monotonic() > deadline:
            pytest.fail(f"waited {PATIENCE_SECONDS} s for {what}; the last answer was {answer!r}")
        time.sleep(0.2)
        answer = probe()
    return answer


def new_vin(prefix: str = "2T3P1RFV", year_and_plant: str = "NW") -> str:
    """Make a VIN nobody else in this run has, with its check digit right."""
    draft = f"{prefix}0{year_and_plant}{next(_serials)}"
    return draft[:8] + Vin(draft).expected_check_digit + draft[9:]


def stock_row(vin: str, price: int = 24_000, **fields: object) -> dict[str, object]:
    """Give a row of an inventory file."""
    return {
        "VIN": vin, "Stock #": vin[-6:], "Year": 2022, "Make": "Toyota", "Model": "RAV4", "Trim": "XLE",
        "Condition": "Used", "Odometer": 31_000, "Internet Price": price, "Cost": price - 3_000,
        "Date In Stock": "2026-01-05", "Photos": 12, **fields,
    }  # fmt: skip


def as_csv(rows: list[dict[str, object]]) -> bytes:
    """Write rows as a CSV file with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass
class Client:
    """Somebody at the API: its answers as they are."""

    http: httpx.Client

    def get(self, path: str, **params: Any) -> Any:
        """Read something that must be there."""
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Read a list to its end."""
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self.get(path, **params, limit=500, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def problem(self, status: int, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Send what must be refused with this status; gives the problem document."""
        answer = self.http.request(method, path, **arguments)
        assert answer.status_code == status, (answer.status_code, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        found: dict[str, Any] = answer.json()
        assert found["status"] == status
        assert found["title"]
        assert found["detail"]
        return found


@dataclass
class Group(Client):
    """A dealer group: its admin (``http``), its DMS key, and what the tests do with them."""

    admin: FirstAdmin
    dms: httpx.Client
    closing: list[httpx.Client] = field(default_factory=list)

    def dealer(self, name: str | None = None, **fields: str) -> str:
        """Create a rooftop and give its id."""
        body = {"name": name or f"Store {uuid4().hex[:8]}", "currency": "USD", "region": "US-MI", "timezone": "UTC"}
        answer = self.http.post("/dealers", json={**body, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def person(self, role: str, dealer_ids: list[str] | None = None) -> Client:
        """Create a person of a role and sign in as it."""
        name, password = f"{role}-{uuid4().hex[:8]}", uuid4().hex
        body = {"username": name, "password": password, "role": role, "dealer_ids": dealer_ids}
        assert self.http.post("/users", json=body).status_code == 201
        signed_in = sign_in(str(self.http.base_url), name, password)
        self.closing.append(signed_in)
        return Client(signed_in)

    def event(self, dealer_id: str, kind: str, vin: str | None, **data: Any) -> dict[str, Any]:
        """Make a CloudEvent of now; ``id``, ``time`` and other attributes by name with ``ce_`` before it."""
        attributes = {name[3:]: data.pop(name) for name in list(data) if name.startswith("ce_")}
        return {
            "specversion": "1.0", "id": uuid4().hex, "source": "urn:dms:test:1", "type": kind,
            "time": datetime.now(UTC).isoformat(), "dealerid": dealer_id, "data": {"vin": vin, **data}, **attributes,
        }  # fmt: skip

    def send(self, *events: dict[str, Any]) -> dict[str, Any]:
        """Post events by the DMS key; gives what became of them."""
        answer = self.dms.post("/dms/events", json=list(events))
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def upload(
        self, kind: str, dealer_id: str, content: bytes, filename: str = "file.csv", **form: str
    ) -> dict[str, Any]:
        """Import a file and wait for its end; gives the import's status."""
        files = {"file": (filename, content)}
        answer = self.dms.post(f"/{kind}/imports", data={"dealer_id": dealer_id, **form}, files=files)
        assert answer.status_code == 202, answer.text
        path = f"/{kind}/imports/{answer.json()['id']}"

        def ended() -> Any:
            status = self.get(path)
            return status if status["status"] != "running" else None

        found: dict[str, Any] = poll(ended, f"the end of {path}")
        return found

    def stock(self, dealer_id: str, rows: list[dict[str, object]], **form: str) -> dict[str, Any]:
        """Import a snapshot of stock."""
        return self.upload("inventory", dealer_id, as_csv(rows), **form)

    def vehicle(self, dealer_id: str, vin: str) -> dict[str, Any] | None:
        """Find a vehicle at a rooftop, whatever its status."""
        states = ("in_stock", "on_order", "sold", "wholesaled", "departed")
        for status in states:
            for item in self.items("/inventory", dealer_id=dealer_id, status=status):
                if item["vin"] == vin:
                    return item
        return None

    def until(self, dealer_id: str, vin: str, **expected: Any) -> dict[str, Any]:
        """Wait for a vehicle to be as expected."""

        def ready() -> Any:
            found = self.vehicle(dealer_id, vin)
            fits = found is not None and all(found.get(name) == value for name, value in expected.items())
            return found if fits else None

        found: dict[str, Any] = poll(ready, f"{vin} to be {expected}")
        return found


def sign_in(api: str, username: str, password: str) -> httpx.Client:
    """Sign in; gives a client that carries an access token, for however long."""
    client, form = httpx.Client(base_url=api, timeout=60), {"username": username, "password": password}
    answer = client.post("/auth/token", data=form)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    began = time.monotonic()

    def renew(request: httpx.Request) -> None:
        nonlocal began
        old = time.monotonic() - began > 600  # of the 900 seconds that a token lives; a module may take longer
        if old and request.headers.get("Authorization") == client.headers["Authorization"]:
            again = httpx.post(f"{api}/auth/token", data=form, timeout=60)
            if again.status_code == 200:  # else whoever it was may sign in no more, and is to be told so
                client.headers["Authorization"] = f"Bearer {again.json()['access_token']}"
                request.headers["Authorization"], began = client.headers["Authorization"], time.monotonic()

    client.event_hooks = {"request": [renew]}
    return client


def group_of(system: System) -> Group:
    """Sign in with the credentials of the data directory."""
    known = system.credentials
    api = f"{known['url']}/api/v1"
    admin = FirstAdmin(known["username"], known["password"], UUID(known["tenant_id"]), known["dms_api_key"])
    dms = httpx.Client(base_url=api, timeout=60, headers={"X-API-Key": known["dms_api_key"]})
    return Group(sign_in(api, known["username"], known["password"]), admin, dms)


async def _new_admin(system: System) -> FirstAdmin:
    pool = await create_pool("gateway", PostgresSettings(dsn=PostgresServer(system.data_dir).dsn()))
    try:
        admin = await bootstrap(
            UnitOfWork(pool, "gateway"), tenant_name="A group", username=f"admin-{uuid4().hex[:8]}"
        )
    finally:
        await pool.close()
    assert admin is not None
    return admin


@pytest.fixture(scope="module")
def new_group(system: System) -> Iterator[Callable[[], Group]]:
    """Make dealer groups that no other module touches."""
    made: list[Group] = []
    api = f"{system.url}/api/v1"

    def make() -> Group:
        admin = asyncio.run(_new_admin(system))
        dms = httpx.Client(base_url=api, timeout=60, headers={"X-API-Key": admin.dms_api_key})
        made.append(Group(sign_in(api, admin.username, admin.password), admin, dms))
        return made[-1]

    yield make
    for group in made:
        for client in (group.http, group.dms, *group.closing):
            client.close()


@pytest.fixture(scope="module")
def group(new_group: Callable[[], Group]) -> Group:
    """Give the module's own dealer group."""
    return new_group()


@pytest.fixture
def stranger(system: System) -> Iterator[Client]:
    with httpx.Client(base_url=f"{system.url}/api/v1", timeout=60) as http:
        yield Client(http)


@pytest.fixture(scope="module")
def source(system: System, group: Group) -> Callable[..., Vendor]:
    """Make a source as an admin does."""
    from tests.e2e.vendor import Vendor  # which is made of what stands above

    def make(adapter: str = "canonical", owner: Group = group, **fields: Any) -> Vendor:
        body = {"name": f"Vendor {uuid4().hex[:8]}", "adapter": adapter, **fields}
        answer = owner.http.post("/dms/sources", json=body)
        assert answer.status_code == 201, answer.text
        return Vendor(f"{system.url}/api/v1", answer.json())

    return make


@pytest.fixture
def vendor(source: Callable[..., Vendor]) -> Vendor:
    return source()


@pytest.fixture
def new_user(system: System, group: Group) -> Iterator[Callable[..., User]]:
    """Make people of the group that no other test knows."""
    from tests.e2e.users import User

    made: list[httpx.Client] = []

    def make(role: str = "buyer", address: str = "127.0.0.1") -> User:
        name, password = f"user-{uuid4().hex[:10]}", uuid4().hex
        body = {"username": name, "password": password, "role": role}
        answer = group.http.post("/users", json=body)
        assert answer.status_code == 201, answer.text
        return User(at(address), name, password)

    def at(address: str) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=address)
        made.append(httpx.Client(base_url=f"{system.url}/api/v1", timeout=60, transport=transport))
        return made[-1]

    make.at = at  # type: ignore[attr-defined]
    yield make
    for client in made:
        client.close()
