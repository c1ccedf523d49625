"""Becoming a user: invited, with a password of one's own that the policy takes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import httpx

from deploy.local.servers import PostgresServer
from tests.e2e.conftest import Client, sign_in
from tests.e2e.members import PASSWORD, invite, name

if TYPE_CHECKING:
    from tests.conftest import System
    from tests.e2e.conftest import Group


def test_who_is_invited_chooses_the_password_and_is_what_they_were_invited_as(group: Group, stranger: Client) -> None:
    dealer = group.dealer()
    made = invite(group, dealer_ids=[dealer], role="manager")
    assert made["token"] not in str(group.get("/invitations"))
    accept = {"token": made["token"], "password": "short"}
    for bad in ("short", f"{made['username']}!!", "doso doso doso"):
        said = stranger.problem(422, "POST", "/invitations/accept", json={**accept, "password": bad})
        assert said["errors"][0]["field"] == "body.password"
    joined = stranger.http.post("/invitations/accept", json={**accept, "password": PASSWORD})
    assert joined.json() == {"username": made["username"], "role": "manager"}
    client = sign_in(str(stranger.http.base_url), made["username"], PASSWORD)
    group.closing.append(client)
    assert client.get("/auth/me").json()["dealer_ids"] == [dealer]
    (listed,) = (one for one in group.get("/invitations")["items"] if one["id"] == made["id"])
    assert listed["accepted_at"] is not None
    stranger.problem(404, "POST", "/invitations/accept", json={**accept, "password": PASSWORD})
    group.problem(409, "POST", "/invitations", json={"username": made["username"], "role": "viewer"})


def test_invitation_accepted_many_times_at_once_makes_one_user(group: Group, stranger: Client) -> None:
    made = invite(group)
    with ThreadPoolExecutor(6) as threads:
        answers = list(
            threads.map(
                lambda number: (
                    httpx.post(
                        f"{stranger.http.base_url}invitations/accept",
                        json={"token": made["token"], "password": f"{PASSWORD} {number}"},
                        timeout=60,
                    ).status_code
                ),
                range(6),
            )
        )
    assert sorted(answers) == [201, *[404] * 5]


def test_withdrawn_replaced_and_expired_invitations_are_over(system: System, group: Group, stranger: Client) -> None:
    withdrawn, replaced, expired = invite(group), invite(group), invite(group)
    assert group.http.delete(f"/invitations/{withdrawn['id']}").status_code == 204
    group.problem(404, "DELETE", f"/invitations/{withdrawn['id']}")
    newer = invite(group, username=replaced["username"])

    async def let_time_pass() -> None:
        owner = await asyncpg.connect(PostgresServer(system.data_dir).dsn())
        await owner.execute(
            "UPDATE gateway.invitation SET expires_at = now() WHERE invitation_id = $1", expired["id"]
        )
        await owner.close()

    asyncio.run(let_time_pass())
    for over in (withdrawn, replaced, expired, {"token": "x" * 43}):
        stranger.problem(404, "POST", "/invitations/accept", json={"token": over["token"], "password": PASSWORD})
    accept = {"token": newer["token"], "password": PASSWORD}
    assert stranger.http.post("/invitations/accept", json=accept).status_code == 201


def test_admin_who_is_narrowed_loses_the_invitations_that_were_wider(group: Group, stranger: Client) -> None:
    mine = group.dealer()
    other = group.person("admin")
    name = f"guest-{uuid4().hex[:8]}"
    invited = other.http.post("/invitations", json={"username": name, "role": "admin"}).json()
    me = other.http.get("/auth/me").json()["user_id"]
    assert group.http.patch(f"/users/{me}", json={"dealer_ids": [mine]}).status_code == 200
    accepted = stranger.http.post("/invitations/accept", json={"token": invited["token"], "password": uuid4().hex})
    assert accepted.status_code in (401, 404, 410), accepted.text


def test_users_password_obeys_the_policy(group: Group) -> None:
    for password in ("short", "doso doso doso", "x" * 257):
        body = {"username": name(), "password": password, "role": "viewer"}
        said = group.problem(422, "POST", "/users", json=body)
        assert said["errors"][0]["field"] == "body.password"
