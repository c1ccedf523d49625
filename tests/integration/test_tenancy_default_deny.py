"""Every route of the API is closed until somebody is let in: without credentials, to those who only look, to machines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.integration.tenancy_matrix import ENDLESS, MINE_VIN, PUBLIC, SIGNED, at, routes

if TYPE_CHECKING:
    from tests.integration.gateway_running import RunningGateway

NOBODYS = "00000000-0000-4000-8000-000000000001"
OWN_SIGN_IN = {
    "DELETE /api/v1/auth/sessions/{session_id}": "ends one's own sign-in, and finds no other",
    "POST /api/v1/auth/password": "one's own password, which the body has to hold",
    "POST /api/v1/auth/mfa/enroll": "one's own second factor, by one's password",
    "POST /api/v1/auth/mfa/confirm": "one's own second factor, by a code of it",
    "POST /api/v1/auth/mfa/recovery-codes": "one's own recovery codes, by a code of one's second factor",
    "POST /api/v1/auth/mfa/disable": "one's own second factor, by one's password and a code",
}
"""Writing routes that somebody who only looks may use, each with the reason."""
FOR_EVENTS = {"POST /api/v1/dms/events"}
FOR_IMPORTS = {
    "POST /api/v1/{kind}/imports", "GET /api/v1/imports", "GET /api/v1/{kind}/imports/{import_id}",
    "GET /api/v1/{kind}/imports/{import_id}/rejected.csv",
}  # fmt: skip
FOR_PEOPLE_ALONE = {
    "GET /api/v1/auth/me": "a key is nobody", "GET /api/v1/auth/sessions": "a key has no sign-ins",
}  # fmt: skip
FOR_ADMINS = {
    "GET /api/v1/tenants", "GET /api/v1/users", "GET /api/v1/invitations", "GET /api/v1/api-keys", "GET /api/v1/audit",
    "GET /api/v1/audit/head", "GET /api/v1/audit/export.ndjson", "GET /api/v1/audit/export.csv",
    "GET /api/v1/dms/sources", "GET /api/v1/dms/sources/{source_id}/deliveries",
}  # fmt: skip

FOR_MANAGERS = {"GET /api/v1/policies", "GET /api/v1/policies/history"}


def nobodys(path: str) -> str:
    """Fill a path with ids that nobody has."""
    named = {"kind": "inventory", "format": "csv"}
    return at(re.sub(r"\{(\w+)\}", lambda found: named.get(found[1], NOBODYS), path))


async def test_every_route_is_closed_without_credentials(gateway: RunningGateway) -> None:
    nobody = gateway.client()
    for name, (method, path, _) in routes(gateway.app).items():
        answer = await nobody.request(method, nobodys(path))
        if name in PUBLIC:
            assert answer.status_code in {200, 422}, (name, answer.status_code)
        else:
            challenge = "Signature" if name in SIGNED else "Bearer"
            assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, challenge), name
            assert answer.headers["content-type"] == "application/problem+json"


async def test_who_only_looks_writes_nothing(gateway: RunningGateway) -> None:
    party = await gateway.party("alpha", MINE_VIN)
    viewer = await party.person("viewer")
    for name, (method, path, _) in routes(gateway.app).items():
        if name in PUBLIC or name in ENDLESS:
            continue
        answer = await viewer.request(method, nobodys(path))
        if name in OWN_SIGN_IN:
            assert answer.status_code == (422 if method == "POST" else 404), (name, answer.status_code)
        elif name in SIGNED:
            assert answer.status_code == 401, (name, answer.status_code)
        elif method != "GET" or name in FOR_ADMINS | FOR_MANAGERS | FOR_IMPORTS:
            assert answer.status_code == 403, (name, answer.status_code)
        else:
            assert answer.status_code in {200, 404}, (name, answer.status_code)
    assert OWN_SIGN_IN.keys() | FOR_PEOPLE_ALONE.keys() | FOR_ADMINS | FOR_MANAGERS <= routes(gateway.app).keys()
    assert "GET /users" in await refused(party)


async def test_a_machine_does_what_its_scopes_say_and_nothing_else(gateway: RunningGateway) -> None:
    party = await gateway.party("alpha", MINE_VIN)
    for scope in ("events:write", "imports:write", "read"):
        made = await party.http.post("/api-keys", json={"name": scope, "scopes": [scope]})
        machine = gateway.client(**{"X-API-Key": made.json()["secret"]})
        for name, (method, path, _) in routes(gateway.app).items():
            if name in PUBLIC:
                continue
            answer = await machine.request(method, nobodys(path))
            if name in SIGNED:
                assert answer.status_code == 401, (scope, name, answer.status_code)
            elif name in ENDLESS:  # who may read is let in no further than this: it takes a token
                assert answer.status_code == (401 if scope == "read" else 403), (scope, name, answer.status_code)
            elif may(scope, name, method):
                assert answer.status_code in {200, 400, 404, 422}, (scope, name, answer.status_code, answer.text)
            else:
                assert answer.status_code == 403, (scope, name, answer.status_code)
    assert {"POST /dealers", "GET /users"} <= await refused(party)


def may(scope: str, name: str, method: str) -> bool:
    """Tell what a key may do, by its one scope."""
    if scope == "read":
        return method == "GET" and name not in FOR_PEOPLE_ALONE.keys() | FOR_ADMINS | FOR_MANAGERS | FOR_IMPORTS
    return name in (FOR_EVENTS if scope == "events:write" else FOR_IMPORTS)


async def refused(party) -> set[str]:
    return {row["subject"].replace("/api/v1", "") for row in await party.trail(action="access.denied")}
