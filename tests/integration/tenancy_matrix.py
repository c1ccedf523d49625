"""What the tests of tenancy at the routes share: every route of the API, and two tenants with what can be named of them.

A new route plays along by itself; one that takes an id this file does not know fails until it is taught here.
"""

from __future__ import annotations

import asyncio
import base64
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pyotp

from services.gateway.signing import key_of, sign

if TYPE_CHECKING:
    import httpx

    from tests.integration.gateway_running import Party, RunningGateway

MINE_VIN, THEIR_VIN = "1M8GDM9AXKP042788", "1FTEW1EP3MKD90117"
PUBLIC = {
    "POST /api/v1/auth/token": "signing in",
    "POST /api/v1/auth/refresh": "carries its own credential",
    "POST /api/v1/auth/logout": "carries its own credential",
    "POST /api/v1/auth/password-reset": "carries its own credential",
    "POST /api/v1/invitations/accept": "carries its own credential",
    "GET /api/v1/health": "probes; tells nothing of tenants",
    "GET /api/v1/ready": "probes; tells nothing of tenants",
    "GET /.well-known/jwks.json": "public keys; tells nothing of tenants",
}
"""Routes that answer without credentials, each with the reason."""
SIGNED = {"POST /api/v1/dms/webhooks/{source_id}", "POST /api/v1/dms/webhooks/{source_id}/event/{channel}"}
"""Routes that know their sender by a signature and by nothing else: no token and no key opens them."""
ENDLESS = {"GET /api/v1/stream": "never ends once it is let in; whose events it tells is played in test_gateway_live"}
"""Routes of which only the refusals are played here, each with the reason."""
NATURAL = {"vehicle_key", "segment"}
"""Queries that name things by what they are, in every tenant alike: they filter one's own."""
Operation = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Named:
    """What a tenant's requests can name, and the secrets that prove who one is in it."""

    party: Party
    import_id: str
    recommendation_id: str
    user_id: str
    recovery_code: str
    invitation_id: str
    source_id: str
    source_secret: str
    session_id: str

    @property
    def dealer_id(self) -> str:
        return str(self.party.dealers[0])

    @property
    def key_id(self) -> str:
        return self.party.api_key.split("_")[1]

    def value(self, parameter: str) -> str:
        """Give the tenant's own for a parameter; a name this file does not know is an error."""
        known = {
            "kind": "inventory", "vehicle_key": self.party.vin, "segment": f"used/ford/{self.party.mark}",
            "format": "csv", "channel": "vehicles",
        } | {
            name: getattr(self, name)
            for name in (
                "import_id", "recommendation_id", "dealer_id", "user_id", "invitation_id", "key_id", "source_id",
                "session_id",
            )
        }  # fmt: skip
        assert parameter in known, f"teach tenancy_matrix what {parameter!r} names"
        return str(known[parameter])

    def ids(self) -> list[str]:
        """List the ids that the other tenant's requests name: its own trail tells of them then."""
        return [
            str(self.party.tenant_id), *map(str, self.party.dealers), self.import_id, self.recommendation_id,
            self.user_id, self.invitation_id, self.source_id, self.session_id, self.key_id,
        ]  # fmt: skip

    def marks(self) -> list[str]:
        """List what shows in an answer that it is this tenant's."""
        return [self.party.mark, self.party.vin, self.party.username, *self.ids()]


def routes(app: Any) -> dict[str, Operation]:
    """List every operation of the document: name → method, path, description."""
    found = {
        f"{method.upper()} {path}": (method.upper(), path, operation)
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    }
    assert len(found) > 60
    assert set(found) >= {*PUBLIC, *SIGNED, *ENDLESS}
    return found


def filled(path: str, named: Named) -> str:
    return at(re.sub(r"\{(\w+)\}", lambda found: named.value(found[1]), path))


def at(path: str) -> str:
    """Give the whole address, since not every route is below the API's prefix."""
    return f"http://gateway{path}"


def wide(path: str) -> dict[str, str]:
    """Give the filters under which a list shows all there is."""
    return {"status": "sold"} if path in {"/api/v1/inventory", "/api/v1/reports/inventory.{format}"} else {}


def leaks(answer: httpx.Response, theirs: Named, sent: object = "") -> list[str]:
    """List the other tenant's marks in an answer, those aside that the request itself named."""
    told, text = f"{answer.request.url} {sent}", shown(answer) + str(answer.headers)
    return [mark for mark in theirs.marks() if mark in text and mark not in told]


def shown(answer: httpx.Response) -> str:
    """Read what an answer shows, workbooks and PDFs unpacked."""
    content = answer.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = [name for name in book.namelist() if not name.startswith("xl/theme/")]  # names of colours
            return "".join(book.read(name).decode() for name in parts)
    if content.startswith(b"%PDF-"):
        streams = re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)
        drawn = (zlib.decompress(base64.a85decode(b"<~" + each.strip(), adobe=True)) for each in streams)
        return " ".join(part.decode("latin-1") for part in (content, *drawn))
    return answer.text


def delivery(name: str, secret: str, *events: dict[str, Any]) -> dict[str, Any]:
    """Give a signed delivery as a request's arguments."""
    body, now = orjson.dumps(events), datetime.now(UTC)
    return {
        "content": body,
        "headers": {
            "Content-Type": "application/json", "webhook-id": name, "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": sign(name, now, body, key_of(secret)),
        },
    }  # fmt: skip


async def two_tenants(gateway: RunningGateway) -> tuple[Named, Named]:
    """Make me and another, each with two of everything that a list can show."""
    mine, theirs = await gateway.party("alpha", MINE_VIN), await gateway.party("beta", THEIR_VIN)
    return await settled(mine), await settled(theirs)


async def settled(party: Party) -> Named:
    """Give the tenant rules, imports, people, keys and a source, and say what can be named."""
    rules = {"segments": [{"segment": f"used/toyota/{party.mark}", "max_units": 3}]}
    for params in ({}, {"dealer_id": str(party.dealers[0])}):
        for version in ("0", "1"):
            await _sent(
                party.http, "PUT", "/policies", json=rules, params=params, headers={"If-Match": f'"{version}"'}
            )
    await _sent(party.http, "POST", "/api-keys", json={"name": f"second {party.mark}"})
    imports = [await _import(party) for _ in range(2)]
    user_id, recovery_code = await _second_person(party)
    invited = {"username": f"invited {party.mark} {uuid4().hex[:6]}", "role": "buyer"}
    invitation = await _sent(party.http, "POST", "/invitations", json=invited)
    await _sent(party.http, "POST", f"/users/{user_id}/password-reset")
    source = await _sent(party.http, "POST", "/dms/sources", json={"name": "Main DMS"})
    sent = delivery(f"delivery-{party.mark}", source["secret"], {"id": "nothing"})
    assert len((await _sent(party.http, "POST", f"/dms/webhooks/{source['id']}", **sent))["rejected"]) == 1
    sessions = await _sent(party.http, "GET", "/auth/sessions")
    advice = await _sent(party.http, "GET", "/recommendations")
    return Named(
        party, imports[0], advice["items"][0]["id"], user_id, recovery_code, invitation["id"], source["id"],
        source["secret"], sessions["items"][0]["id"],
    )  # fmt: skip


async def _import(party: Party) -> str:
    """Import a file with a row that is refused."""
    files = {"file": (f"{party.mark}.csv", f"VIN,Stock #\nbad,{party.mark}\n".encode())}
    data = {"dealer_id": str(party.dealers[0])}
    import_id = (await _sent(party.http, "POST", "/inventory/imports", data=data, files=files))["id"]
    for _ in range(600):
        if (await _sent(party.http, "GET", f"/inventory/imports/{import_id}"))["status"] != "running":
            break
        await asyncio.sleep(0.1)
    return str(import_id)


async def _second_person(party: Party) -> tuple[str, str]:
    """Make somebody with a second factor; gives their id and a recovery code."""
    name, password = f"person {party.mark} {uuid4().hex[:6]}", uuid4().hex
    body = {"username": name, "password": password, "role": "viewer"}
    user = await _sent(party.http, "POST", "/users", json=body)
    person = await party.gateway.sign_in(name, password)
    enrolment = await _sent(person, "POST", "/auth/mfa/enroll", json={"password": password})
    code = pyotp.TOTP(enrolment["secret"]).now()
    codes = await _sent(person, "POST", "/auth/mfa/confirm", json={"otp": code})
    return user["id"], codes["recovery_codes"][0]


async def _sent(client: httpx.AsyncClient, method: str, path: str, **sent: Any) -> Any:
    answer = await client.request(method, path, **sent)
    assert answer.is_success, f"{method} {path}: {answer.text}"
    return answer.json()
