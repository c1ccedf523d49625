"""Two tenants at every route of the API, as the OpenAPI document lists them: nobody gets or touches what is another's.

What a request can name is filled with the other tenant's: path and query by the parameter's name, bodies from ``BODIES``.
A new route plays along by itself; one that takes an id or a body this file does not know fails until it is taught.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from services.gateway.domain.audit_chain import GENESIS
from tests.integration.generic_rows import tables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import httpx

    from tests.integration.gateway_running import Party, RunningGateway

MINE_VIN, THEIR_VIN = "1M8GDM9AXKP042788", "1FTEW1EP3MKD90117"
PUBLIC = {
    "POST /api/v1/auth/token": "signing in",
    "POST /api/v1/auth/refresh": "carries its own credential",
    "POST /api/v1/auth/logout": "carries its own credential",
    "GET /api/v1/health": "probes; tells nothing of tenants",
    "GET /api/v1/ready": "probes; tells nothing of tenants",
}
"""Routes that answer without credentials, each with the reason."""
FOR_EVERYBODY: dict[str, str] = {}
"""Writing routes that somebody who only looks may use, each with the reason."""
FOR_MACHINES = {"POST /api/v1/dms/events", "POST /api/v1/{kind}/imports", "GET /api/v1/{kind}/imports/{import_id}",
                "GET /api/v1/{kind}/imports/{import_id}/rejected.csv"}  # fmt: skip
NOT_PLAYED: dict[str, str] = {}
"""Routes whose answer never ends, each with the test that plays it."""
NATURAL = {"vehicle_key", "segment", "make", "model", "kind", "actor", "action", "subject"}
"""Parameters that name things by what they are, in every tenant alike: they filter one's own."""


@dataclass(frozen=True)
class Named:
    """What a tenant's requests can name."""

    party: Party
    import_id: str
    recommendation_id: str

    @property
    def dealer_id(self) -> str:
        return str(self.party.dealers[0])

    def value(self, parameter: str) -> str:
        """Give the tenant's own for a parameter; a name this file does not know is an error."""
        known = {
            "kind": "inventory", "import_id": self.import_id, "recommendation_id": self.recommendation_id,
            "dealer_id": self.dealer_id, "vehicle_key": self.party.vin, "segment": f"used/ford/{self.party.mark}",
        }  # fmt: skip
        assert parameter in known, f"teach test_tenancy_routes what {parameter!r} names"
        return known[parameter]

    def marks(self) -> list[str]:
        """List what shows in an answer that it is this tenant's."""
        party = self.party
        return [
            party.mark, party.vin, str(party.tenant_id), *map(str, party.dealers), self.import_id,
            self.recommendation_id, party.username, party.api_key.split("_")[1],
        ]  # fmt: skip


@dataclass
class Try:
    """A request that names something of the other tenant's, and how it must be answered."""

    status: set[int]
    sent: dict[str, Any] = field(default_factory=dict)


def _event(dealer: str, **data: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "forged", "source": "urn:x", "type": "vehicle.stocked", "dealerid": dealer,
            "time": "2026-03-02T15:04:05Z", "data": {"vin": MINE_VIN, **data}}  # fmt: skip


def _moved(mine: Named, theirs: Named) -> dict[str, Any]:
    return _event(mine.dealer_id, destination_dealer_id=theirs.dealer_id) | {"type": "vehicle.transferred"}


BODIES: dict[str, Callable[[Named, Named], list[Try]]] = {
    "POST /api/v1/auth/token": lambda m, t: [
        Try({401}, {"data": {"username": t.party.username, "password": "guessed"}})
    ],
    "POST /api/v1/auth/refresh": lambda m, t: [Try({401}, {"data": {"refresh_token": t.party.api_key}})],
    "POST /api/v1/auth/logout": lambda m, t: [Try({204}, {"data": {"refresh_token": t.party.api_key}})],
    "POST /api/v1/tenants": lambda m, t: [Try({409}, {"json": {"name": "x", "admin": t.party.username}})],
    "POST /api/v1/dealers": lambda m, t: [  # the same name lives in both
        Try(
            {201},
            {"json": {"name": "North", "currency": "USD", "region": "US-OH", "tenant_id": str(t.party.tenant_id)}},
        )
    ],
    "POST /api/v1/users": lambda m, t: [
        Try({404}, {"json": {"username": "spy", "password": "x" * 12, "role": "viewer", "dealer_ids": [t.dealer_id]}})
    ],
    "POST /api/v1/api-keys": lambda m, t: [Try({404}, {"json": {"name": "spy", "dealer_ids": [t.dealer_id]}})],
    "POST /api/v1/dms/events": lambda m, t: [
        Try({202}, {"json": [_event(t.dealer_id), _moved(m, t)]}),  # each event is answered for itself: see below
    ],
    "POST /api/v1/{kind}/imports": lambda m, t: [
        Try({404}, {"data": {"dealer_id": t.dealer_id}, "files": {"file": ("x.csv", b"VIN\n1\n")}})
    ],
    "POST /api/v1/recommendations/{recommendation_id}/response": lambda m, t: [
        Try({404}, {"json": {"decision": "accepted"}})
    ],
    "PUT /api/v1/policies": lambda m, t: [
        Try(
            {404}, {"json": {"max_age_days": 1}, "headers": {"If-Match": '"1"'}, "params": {"dealer_id": t.dealer_id}}
        ),
        Try(
            {422},
            {
                "json": {"lanes": [{"from_dealer_id": m.dealer_id, "to_dealer_id": t.dealer_id, "cost": "1"}]},
                "headers": {"If-Match": '"0"'},
            },
        ),
    ],
}


def routes(app: Any) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """List every operation of the document: name → method, path, description."""
    found = {
        f"{method.upper()} {path}": (method.upper(), path, operation)
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    }
    assert len(found) > 30
    return found


def filled(path: str, named: Named) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: named.value(found[1]), path.removeprefix("/api/v1"))


async def settled(party: Party) -> Named:
    """Give the tenant rules and an import with a refused row, and say what can be named."""
    rules = {"segments": [{"segment": f"used/toyota/{party.mark}", "max_units": 3}]}
    for params in ({}, {"dealer_id": str(party.dealers[0])}):
        for version in ("0", "1"):
            answer = await party.http.put(
                "/policies", json=rules, params=params, headers={"If-Match": f'"{version}"'}
            )
            assert answer.status_code == 200, answer.text
    files = {"file": (f"{party.mark}.csv", f"VIN,Stock #\nbad,{party.mark}\n".encode())}
    answer = await party.http.post("/inventory/imports", data={"dealer_id": str(party.dealers[0])}, files=files)
    import_id = answer.json()["id"]
    for _ in range(600):
        if (await party.http.get(f"/inventory/imports/{import_id}")).json()["status"] != "running":
            break
        await asyncio.sleep(0.1)
    advice = (await party.http.get("/recommendations")).json()["items"]
    return Named(party, import_id, advice[0]["id"])


@pytest.fixture
async def two(gateway: RunningGateway) -> tuple[Named, Named]:
    return await settled(await gateway.party("alpha", MINE_VIN)), await settled(
        await gateway.party("beta", THEIR_VIN)
    )


async def rows_of(dsn: str, tenant: Any) -> dict[str, str]:
    owner = await asyncpg.connect(dsn)
    try:
        return {
            table.full: str(
                await owner.fetch(f"SELECT * FROM {table.full} WHERE tenant_id = $1 ORDER BY 1, 2", tenant)
            )
            for table in await tables_of(owner, ["gateway"])
            if "tenant_id" in {column.name for column in table.columns}
        }
    finally:
        await owner.close()


def leaks(answer: httpx.Response, theirs: Named, sent: object = "") -> list[str]:
    """List the other tenant's marks in an answer, those aside that the request itself named."""
    told = f"{answer.request.url} {sent}"
    return [mark for mark in theirs.marks() if mark in answer.text + str(answer.headers) and mark not in told]


async def play(named: str, route: tuple[str, str, dict[str, Any]], mine: Named, theirs: Named) -> list[str]:
    """Ask a route, as mine, in every way that names something of theirs; gives what went wrong."""
    method, path, operation = route
    tries: list[tuple[str, Try]] = []
    if BODIES.get(named) is not None:
        tries += [(filled(path, theirs), each) for each in BODIES[named](mine, theirs)]
    else:
        assert "requestBody" not in operation, (
            f"teach test_tenancy_routes a body of {named} that names another's things"
        )
        tries.append((filled(path, theirs), Try({404} if "_id}" in path else {200})))
    for parameter in operation.get("parameters", []):
        if parameter["in"] != "query" or method != "GET":
            continue
        name = parameter["name"]
        if name == "cursor":
            page = await theirs.party.http.get(filled(path, theirs), params={"limit": 1, **_wide(path)})
            cursor = page.json()["next_cursor"]
            assert cursor is not None, f"{named}: the other tenant has too little for a second page"
            tries.append(
                (
                    filled(path, mine),
                    Try({200} if isinstance(cursor, int) else {422}, {"params": {"cursor": cursor, "limit": 1}}),
                )
            )
        elif name.endswith("_id"):
            tries.append((filled(path, mine), Try({404}, {"params": {name: theirs.value(name)}})))
        elif name in NATURAL & {"vehicle_key", "segment"}:
            tries.append((filled(path, mine), Try({200}, {"params": {name: theirs.value(name)}})))
    wrong = []
    for url, attempt in tries:
        answer = await mine.party.http.request(method, url, **attempt.sent)
        if answer.status_code not in attempt.status:
            wrong.append(f"{named} {attempt.sent}: {answer.status_code} {answer.text[:300]}")
        # One's own trail holds what one named before.
        named_before = theirs.marks() if path.startswith("/api/v1/audit") else ()
        if found := [mark for mark in leaks(answer, theirs, attempt.sent) if mark not in _ids(named_before)]:
            wrong.append(f"{named} {attempt.sent}: shows {found}")
    return wrong


def _ids(marks: Iterable[str]) -> set[str]:
    """Keep the marks that requests of this test name: ids, never the texts that only the other's data holds."""
    return {mark for mark in marks if re.fullmatch(r"[0-9a-f-]{36}", mark)}


def _wide(path: str) -> dict[str, str]:
    """Give the filters under which a list shows all there is."""
    return {"status": "sold"} if path == "/api/v1/inventory" else {}


async def test_no_route_gives_or_touches_what_is_another_tenants(
    gateway: RunningGateway, two: tuple[Named, Named], migrated: str
) -> None:
    mine, theirs = two
    before = await rows_of(migrated, theirs.party.tenant_id)
    assert len(before) > 15
    wrong = []
    for name, route in routes(gateway.app).items():
        if name not in NOT_PLAYED:
            wrong += await play(name, route, mine, theirs)
    assert wrong == []
    assert await rows_of(migrated, theirs.party.tenant_id) == before
    noted = {row["subject"] for row in await mine.party.trail(action="access.not_found")}
    assert noted >= {"dealer", "recommendation", "inventory import"}


async def test_each_tenant_sees_its_own_marks_at_every_reading_route(
    gateway: RunningGateway, two: tuple[Named, Named]
) -> None:
    """What the matrix looks for is really there to be found."""
    mine, theirs = two
    for name, (method, path, _) in routes(gateway.app).items():
        if method != "GET" or name in NOT_PLAYED or name in PUBLIC:
            continue
        answer = await theirs.party.http.get(filled(path, theirs), params=_wide(path))
        assert answer.status_code == 200, (name, answer.text)
        if path == "/api/v1/audit/head":
            assert answer.json()["hash"] not in {GENESIS, (await mine.party.http.get("/audit/head")).json()["hash"]}
        elif path != "/api/v1/feedback/summary":
            assert leaks(answer, theirs), (name, answer.text[:300])


async def test_events_that_name_anothers_rooftop_are_refused_and_noted(two: tuple[Named, Named]) -> None:
    mine, theirs = two
    machine = mine.party.gateway.client(**{"X-API-Key": mine.party.api_key})
    answer = (await machine.post("/dms/events", json=[_event(theirs.dealer_id), _moved(mine, theirs)])).json()
    assert (answer["accepted"], len(answer["rejected"])) == (0, 2)
    (entry,) = await mine.party.trail(action="access.not_found")
    assert entry["actor"].startswith("key:")
    assert entry["details"]["name"] == theirs.dealer_id
    assert entry["details"]["route"].endswith("/dms/events")


async def test_misses_are_coalesced_by_actor_kind_and_minute(two: tuple[Named, Named]) -> None:
    mine, theirs = two
    for n in range(120):
        path = f"/recommendations/{theirs.recommendation_id}" if n % 2 else f"/market?dealer_id={theirs.dealer_id}"
        assert (await mine.party.http.get(path)).status_code == 404
    entries = await mine.party.trail(action="access.not_found")
    # The first and the tenth of each kind; one more of each where a minute began in between.
    assert {entry["subject"] for entry in entries} == {"dealer", "recommendation"}
    assert 4 <= len(entries) <= 8
    assert sorted(str(entry["details"].get("times_this_minute", 1)) for entry in entries)[:2] == ["1", "1"]


async def test_a_miss_is_answered_alike_whether_the_thing_exists_elsewhere_or_nowhere(
    two: tuple[Named, Named],
) -> None:
    mine, theirs = two
    nobody = "00000000-0000-4000-8000-000000000001"
    for path, named in (("/recommendations/{}", theirs.recommendation_id), ("/inventory/imports/{}", theirs.import_id),
                        ("/inventory?dealer_id={}", theirs.dealer_id)):  # fmt: skip
        there, nowhere = [await mine.party.http.get(path.format(each)) for each in (named, nobody)]
        assert there.status_code == nowhere.status_code == 404
        assert there.text.replace(named, nobody) == nowhere.text


async def test_every_route_is_closed_without_credentials(gateway: RunningGateway) -> None:
    nobody = gateway.client()
    for name, (method, path, _) in routes(gateway.app).items():
        url = re.sub(r"\{kind\}", "inventory", path.removeprefix("/api/v1"))
        answer = await nobody.request(method, re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000001", url))
        if name in PUBLIC:
            assert answer.status_code != 401, name
        else:
            assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, "Bearer"), name
            assert answer.headers["content-type"] == "application/problem+json"


async def test_who_only_looks_writes_nothing_and_a_machine_reads_nothing(gateway: RunningGateway) -> None:
    party = await gateway.party("alpha", MINE_VIN)
    viewer = await party.person("viewer")
    machine = gateway.client(**{"X-API-Key": party.api_key})
    for name, (method, path, _) in routes(gateway.app).items():
        if name in PUBLIC:
            continue
        url = re.sub(r"\{\w+\}", lambda found: "inventory" if found[0] == "{kind}" else str(party.tenant_id), path)
        if method != "GET" and name not in FOR_EVERYBODY:
            answer = await viewer.request(method, url.removeprefix("/api/v1"))
            assert answer.status_code == 403, (name, answer.status_code)
        if name not in FOR_MACHINES:
            answer = await machine.request(method, url.removeprefix("/api/v1"))
            assert answer.status_code == 403, (name, answer.status_code)
    refused = {row["subject"] for row in await party.trail(action="access.denied")}
    assert {"POST /dealers", "GET /users"} <= {name.replace("/api/v1", "") for name in refused}


async def test_a_new_tenants_first_admin_signs_in_and_starts_a_trail_of_its_own(gateway: RunningGateway) -> None:
    platform = await gateway.party("alpha", MINE_VIN)
    made = (await platform.http.post("/tenants", json={"name": "Gamma", "admin": "first of gamma"})).json()
    admin = await gateway.sign_in("first of gamma", made["admin_password"])
    me = (await admin.get("/auth/me")).json()
    assert (me["tenant_id"], me["role"]) == (made["id"], "admin")
    (first,) = (await admin.get("/audit")).json()["items"]
    assert (first["action"], first["subject"], first["previous"]) == ("tenant.created", made["id"], GENESIS)
    assert made["admin_password"] not in json.dumps(await platform.trail())
    assert (await admin.post("/tenants", json={"name": "no"})).status_code == 403
    assert (await platform.http.post("/tenants", json={"name": "x", "admin": "first of gamma"})).status_code == 409
