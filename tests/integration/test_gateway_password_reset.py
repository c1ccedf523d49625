"""A forgotten password: an admin hands over a token, its owner chooses anew, and whoever was in is out."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from doso.main import app as command_line
from tests.e2e.conftest import new_vin

if TYPE_CHECKING:
    import httpx

    from tests.integration.gateway_running import Party, RunningGateway


class Person:
    """Somebody with a password, signed in."""

    def __init__(self, party: Party, user_id: str, name: str, password: str, http: httpx.AsyncClient) -> None:
        self.party, self.user_id, self.name, self.password, self.http = party, user_id, name, password, http

    @classmethod
    async def of(cls, party: Party, role: str = "buyer", dealer_ids: list[str] | None = None) -> Person:
        name, password = f"{role} {uuid4().hex[:8]}", uuid4().hex
        body = {"username": name, "password": password, "role": role, "dealer_ids": dealer_ids}
        made = await party.http.post("/users", json=body)
        assert made.status_code == 201, made.text
        return cls(party, made.json()["id"], name, password, await party.gateway.sign_in(name, password))

    async def signs_in(self, password: str) -> bool:
        form = {"username": self.name, "password": password}
        answer = await self.party.gateway.client().post("/auth/token", data=form)
        return answer.status_code == 200


async def issue(party: Party, person: Person, **body: int) -> dict[str, str]:
    answer = await party.http.post(f"/users/{person.user_id}/password-reset", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.json()
    return found


async def redeem(gateway: RunningGateway, token: str, password: str) -> int:
    body = {"token": token, "new_password": password}
    return (await gateway.client().post("/auth/password-reset", json=body)).status_code


@pytest.fixture
async def party(gateway: RunningGateway) -> Party:
    return await gateway.party("Reset", new_vin())


async def test_a_token_sets_one_new_password_and_ends_every_sign_in(gateway: RunningGateway, party: Party) -> None:
    person, chosen = await Person.of(party), uuid4().hex
    token = (await issue(party, person))["token"]
    assert (await person.http.get("/auth/me")).status_code == 200, "nothing changes before the token is used"
    assert await redeem(gateway, token, "short") == 422
    assert await redeem(gateway, token, chosen) == 204, "what was refused left the token as it is"
    assert (await person.http.get("/auth/me")).status_code == 401
    assert [await person.signs_in(each) for each in (person.password, chosen)] == [False, True]
    assert await redeem(gateway, token, uuid4().hex) == 404
    trail = await party.trail()
    told = [(row["action"], row["actor"]) for row in trail if row["action"].startswith("password.")]
    assert told == [("password.reset", person.name), ("password.reset_issued", party.username)]
    assert token not in json.dumps(trail)
    assert chosen not in json.dumps(trail)


async def test_only_the_newest_token_works_and_only_once_at_a_time(gateway: RunningGateway, party: Party) -> None:
    person = await Person.of(party)
    older, newer = [(await issue(party, person))["token"] for _ in range(2)]
    assert await redeem(gateway, older, uuid4().hex) == 404
    statuses = await asyncio.gather(*(redeem(gateway, newer, uuid4().hex) for _ in range(3)))
    assert sorted(statuses) == [204, 404, 404]


async def test_a_token_ends_with_its_time_with_a_change_and_with_the_person(
    gateway: RunningGateway, party: Party
) -> None:
    late, changed, gone = [await Person.of(party) for _ in range(3)]
    tokens = [(await issue(party, person, expires_in_hours=1))["token"] for person in (late, changed, gone)]
    async with gateway.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.tenants', $1, true)", f"{{{party.tenant_id}}}")
        await connection.execute(
            "UPDATE password_reset SET expires_at = now() WHERE user_id::text = $1", late.user_id
        )
        stored = {row["token_hash"] for row in await connection.fetch("SELECT token_hash FROM password_reset")}
    assert stored.isdisjoint(tokens), "a look into the database opens nothing"
    body = {"current_password": changed.password, "new_password": uuid4().hex}
    assert (await changed.http.post("/auth/password", json=body)).status_code == 204
    assert (await party.http.post(f"/users/{gone.user_id}/deactivate")).status_code == 200
    assert [await redeem(gateway, token, uuid4().hex) for token in tokens] == [404, 404, 404]
    refused = await party.http.post(f"/users/{gone.user_id}/password-reset")
    assert (refused.status_code, "reactivate" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize("change", [{"role": "admin", "dealer_ids": None}, {"role": "manager"}, {"dealer_ids": []}])
async def test_a_token_ends_when_its_owner_becomes_somebody_else(
    gateway: RunningGateway, party: Party, change: dict[str, object]
) -> None:
    person = await Person.of(party, "buyer", [str(party.dealers[0])])
    token = (await issue(party, person))["token"]
    given = change
    if change.get("dealer_ids") == []:
        given = {"dealer_ids": [str(party.dealers[1])]}
    answer = await party.http.patch(f"/users/{person.user_id}", json=given)
    assert answer.status_code == 200, answer.text
    assert await redeem(gateway, token, uuid4().hex) == 404


async def test_admins_reset_whom_they_may_change_and_never_themselves(gateway: RunningGateway, party: Party) -> None:
    other = await gateway.party("Elsewhere", new_vin())
    north, south = (str(dealer) for dealer in party.dealers)
    narrow = await Person.of(party, "admin", [north])
    whole, outside, inside, buyer = [
        await Person.of(party, role, dealers)
        for role, dealers in (("admin", None), ("buyer", [south]), ("buyer", [north]), ("buyer", None))
    ]

    async def asked(client: httpx.AsyncClient, user_id: str) -> int:
        return (await client.post(f"/users/{user_id}/password-reset")).status_code

    me = (await party.http.get("/auth/me")).json()["user_id"]
    assert await asked(party.http, me) == 403, "whoever found a screen unlocked would own the account"
    assert [await asked(narrow.http, each.user_id) for each in (inside, outside, whole)] == [201, 404, 404]
    assert await asked(whole.http, me) == 403, "the installation's admin is nobody else's"
    assert await asked(other.http, buyer.user_id) == 404
    assert await asked(buyer.http, inside.user_id) == 403


async def test_guessing_tokens_is_throttled_like_passwords(gateway: RunningGateway) -> None:
    statuses = [await redeem(gateway, uuid4().hex, uuid4().hex) for _ in range(16)]
    assert statuses[:10] == [404] * 10
    assert 429 in statuses[10:]


async def test_whoever_is_locked_out_gets_in_by_command(migrated: str, gateway: RunningGateway, party: Party) -> None:
    person = await Person.of(party, "admin")
    assert (await party.http.post(f"/users/{person.user_id}/deactivate")).status_code == 200
    ran = await asyncio.to_thread(
        CliRunner().invoke, command_line, ["reset-password", person.name, "--dsn", migrated, "--remove-second-factor"]
    )
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert (told["username"], told["second_factor_removed"]) == (person.name, False)
    assert [await person.signs_in(each) for each in (person.password, told["password"])] == [False, True]
    (entry,) = [row for row in await party.trail() if row["action"] == "password.reset_by_command"]
    assert (entry["actor"], entry["details"]["reactivated"]) == ("installation", True)
    assert told["password"] not in json.dumps(entry)
    nobody = await asyncio.to_thread(
        CliRunner().invoke, command_line, ["reset-password", "nobody here", "--dsn", migrated]
    )
    assert nobody.exit_code == 1
    assert "no user 'nobody here'" in nobody.output
