"""Two tenants at every route of the API, as the OpenAPI document lists them: nobody gets or touches what is another's.

What a request can name is filled with the other tenant's: path and query by the parameter's name, bodies from
``tenancy_tries``. A new route plays along by itself; one that takes an id or a body not known there fails until it
is taught.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.integration.generic_rows import tables_of
from tests.integration.tenancy_matrix import ENDLESS, NATURAL, Named, filled, leaks, routes, two_tenants, wide
from tests.integration.tenancy_tries import Try, tries_with_body

if TYPE_CHECKING:
    import httpx

    from tests.integration.gateway_running import RunningGateway
    from tests.integration.tenancy_matrix import Operation

EMPTY = {
    "gateway.import_chunk": "a file's pieces go when it is worked off",
    "gateway.missing_vehicle": "no snapshot has left a vehicle out",
    "gateway.idempotency": "played by a test of its own",
    "gateway.rebuild": "no operator has made anything anew",
    "gateway.access_miss": "the other named nothing that is not there",
}
"""Tables in which the other tenant need not have a row, each with the reason; in all others it has."""


@pytest.fixture
async def two(gateway: RunningGateway) -> tuple[Named, Named]:
    return await two_tenants(gateway)


async def rows_of(dsn: str, tenant: Any) -> dict[str, list[str]]:
    """Give every row of a tenant; of its trail all but tries to sign in as one of its people, which belong there."""
    owner = await asyncpg.connect(dsn)
    found = {}
    try:
        for table in await tables_of(owner, ["gateway"]):
            but = " AND action <> 'sign_in.failed'" if table.name == "audit" else ""
            rows = await owner.fetch(f"SELECT * FROM {table.full} WHERE tenant_id = $1{but} ORDER BY 1, 2, 3", tenant)
            found[table.full] = [str(row) for row in rows]
    finally:
        await owner.close()
    return found


async def tries_at(name: str, route: Operation, mine: Named, theirs: Named) -> list[tuple[str, Try]]:
    """List every request at a route that names something of the other's, with its address."""
    _, path, operation = route
    with_body = tries_with_body(mine, theirs)
    if name in with_body:
        return [(filled(path, mine if each.own_path else theirs), each) for each in with_body[name]]
    assert "requestBody" not in operation, f"teach tenancy_tries a body of {name} that names another's things"
    tries = [(filled(path, theirs), Try({404} if "_id}" in path else {200}))]
    for parameter in operation.get("parameters", []):
        asked = parameter["name"]
        if parameter["in"] != "query":
            continue
        if asked == "cursor":
            tries.append((filled(path, mine), await _their_cursor(path, theirs)))
        elif asked.endswith("_id"):
            tries.append((filled(path, mine), Try({404}, {"params": {asked: theirs.value(asked)}})))
        elif asked in NATURAL:
            tries.append((filled(path, mine), Try({200}, {"params": {asked: theirs.value(asked)}})))
    return [(url, each) for url, each in tries if name not in ENDLESS or 200 not in each.status]


async def _their_cursor(path: str, theirs: Named) -> Try:
    """Give a request for the other's second page; a number is a place in any list, and so in one's own."""
    page = await theirs.party.http.get(filled(path, theirs), params={"limit": 1, **wide(path)})
    cursor = page.json()["next_cursor"]
    assert cursor is not None, f"{path}: the other tenant has too little for a second page"
    return Try({200} if isinstance(cursor, int) else {422}, {"params": {"cursor": cursor, "limit": 1, **wide(path)}})


async def play(client: httpx.AsyncClient, name: str, route: Operation, mine: Named, theirs: Named) -> list[str]:
    """Ask a route, as mine, in every way that names something of theirs; gives what went wrong."""
    method, path, _ = route
    # One's own trail holds what one named before.
    named_before = theirs.ids() if path.startswith("/api/v1/audit") else []
    wrong = []
    for url, attempt in await tries_at(name, route, mine, theirs):
        answer = await client.request(method, url, **attempt.sent)
        if answer.status_code not in attempt.status:
            wrong.append(f"{name} {attempt.sent}: {answer.status_code} {answer.text[:300]}")
        if found := set(leaks(answer, theirs, attempt.sent)) - set(named_before):
            wrong.append(f"{name} {attempt.sent}: shows {found}")
    return wrong


async def test_no_route_gives_or_touches_what_is_another_tenants(
    gateway: RunningGateway, two: tuple[Named, Named], migrated: str
) -> None:
    mine, theirs = two
    before = await rows_of(migrated, theirs.party.tenant_id)
    assert {name for name, rows in before.items() if not rows} <= EMPTY.keys()
    wrong = []
    for name, route in routes(gateway.app).items():
        wrong += await play(mine.party.http, name, route, mine, theirs)
    assert wrong == []
    assert await rows_of(migrated, theirs.party.tenant_id) == before
    noted = {row["subject"] for row in await mine.party.trail(action="access.not_found")}
    assert noted >= {
        "dealer", "recommendation", "inventory import", "user", "open invitation", "API key", "source", "sign-in",
    }  # fmt: skip


async def test_a_key_that_reads_gets_nothing_of_another_tenants(
    gateway: RunningGateway, two: tuple[Named, Named]
) -> None:
    mine, theirs = two
    made = (await mine.party.http.post("/api-keys", json={"name": "reader", "scopes": ["read"]})).json()
    machine = gateway.client(**{"X-API-Key": made["secret"]})
    played, wrong = 0, []
    for name, route in routes(gateway.app).items():
        if route[0] == "GET" and (await machine.get(filled(route[1], mine))).status_code == 200:
            played += 1
            wrong += await play(machine, name, route, mine, theirs)
    assert wrong == []
    assert played > 15


async def test_a_key_of_idempotency_is_ones_own(two: tuple[Named, Named]) -> None:
    """The same request under the same key makes each tenant a thing of its own; the other's answer is never played."""
    sent: dict[str, Any] = {"json": {"name": "Same"}, "headers": {"Idempotency-Key": "the-same-in-both"}}
    theirs, mine, again = [await each.party.http.post("/dms/sources", **sent) for each in (two[1], two[0], two[1])]
    assert [answer.status_code for answer in (theirs, mine, again)] == [201] * 3
    assert again.json() == theirs.json()
    assert "idempotent-replayed" not in mine.headers
    assert mine.json()["id"] != theirs.json()["id"]
    assert mine.json()["secret"] != theirs.json()["secret"]


async def test_inviting_somebody_leaves_anothers_invitation_of_that_name(two: tuple[Named, Named]) -> None:
    """An invitation ends the one before of its name: in one's own group alone."""
    mine, theirs = (each.party.http for each in two)
    before = (await theirs.get("/invitations")).json()
    invited = {"username": before["items"][0]["username"], "role": "viewer"}
    assert (await mine.post("/invitations", json=invited)).status_code == 201
    assert (await theirs.get("/invitations")).json() == before
