"""People and machines of a group: invited, changed, shut out; keys with scopes; nobody gives what they have not."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.local.servers import PostgresServer
from tests.e2e.conftest import Client, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import System
    from tests.e2e.conftest import Group

PASSWORD = "seven blue bicycles"


@pytest.fixture
def stranger(system: System) -> Iterator[Client]:
    with httpx.Client(base_url=f"{system.url}/api/v1", timeout=60) as http:
        yield Client(http)


def name() -> str:
    return f"person-{uuid4().hex[:10]}"


def invite(group: Group, **fields: Any) -> dict[str, Any]:
    answer = group.http.post("/invitations", json={"username": name(), "role": "buyer", **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def member(
    group: Group, role: str = "buyer", dealer_ids: list[str] | None = None
) -> tuple[dict[str, Any], httpx.Client]:
    """Make somebody; gives what the admin sees of them, and them signed in."""
    body = {"username": name(), "password": PASSWORD, "role": role, "dealer_ids": dealer_ids}
    answer = group.http.post("/users", json=body)
    assert answer.status_code == 201, answer.text
    client = sign_in(str(group.http.base_url), body["username"], PASSWORD)
    group.closing.append(client)
    return answer.json(), client


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


def test_deactivated_person_is_out_at_once_and_back_when_reactivated(group: Group, stranger: Client) -> None:
    user, client = member(group, "admin")
    body = {"username": user["username"], "password": PASSWORD}
    pair = stranger.http.post("/auth/token", data=body).json()
    sent = client.post("/invitations", json={"username": name(), "role": "admin"}).json()
    path = f"/users/{user['id']}"
    assert group.http.post(f"{path}/deactivate").json()["active"] is False
    Client(client).problem(401, "GET", "/auth/me")
    stranger.problem(401, "POST", "/auth/refresh", data={"refresh_token": pair["refresh_token"]})
    stranger.problem(401, "POST", "/auth/token", data=body)
    stranger.problem(404, "POST", "/invitations/accept", json={"token": sent["token"], "password": PASSWORD})
    assert group.http.post(f"{path}/reactivate").json()["active"] is True
    assert stranger.http.post("/auth/token", data=body).status_code == 200
    Client(client).problem(401, "GET", "/auth/me")


def test_role_and_rooftops_change_from_the_next_request_on(group: Group) -> None:
    mine, other = group.dealer(), group.dealer()
    user, client = member(group, "manager", [mine])
    person = Client(client)
    person.problem(404, "GET", "/inventory", params={"dealer_id": other})
    path = f"/users/{user['id']}"
    changed = group.http.patch(path, json={"dealer_ids": [other]}).json()
    assert (changed["role"], changed["dealer_ids"]) == ("manager", [other])
    person.problem(404, "GET", "/inventory", params={"dealer_id": mine})
    person.get("/inventory", dealer_id=other)
    assert group.http.patch(path, json={"role": "viewer"}).json()["dealer_ids"] == [other]
    person.problem(403, "POST", "/dms/events", json={})
    assert group.http.patch(path, json={"dealer_ids": None}).json()["dealer_ids"] is None
    person.get("/inventory", dealer_id=mine)
    group.problem(422, "PATCH", path, json={"role": "owner"})
    group.problem(404, "PATCH", f"/users/{uuid4()}", json={"role": "viewer"})


def test_last_admin_of_the_group_stays(new_group: Callable[[], Group]) -> None:
    group = new_group()
    (first,) = group.get("/users")["items"]
    dealer = group.dealer()
    member(group, "admin", [dealer])  # of one rooftop only: does not count
    path = f"/users/{first['id']}"
    for method, where, body in (
        ("POST", f"{path}/deactivate", None),
        ("PATCH", path, {"role": "manager"}),
        ("PATCH", path, {"dealer_ids": [dealer]}),
    ):
        assert "last admin" in group.problem(409, method, where, json=body)["detail"]
    assert group.get("/auth/me")["role"] == "admin"


def test_two_admins_who_demote_each_other_at_once_leave_one(new_group: Callable[[], Group]) -> None:
    group = new_group()
    first, one = member(group, "admin")
    second, two = member(group, "admin")
    (platform,) = (user for user in group.get("/users")["items"] if user["username"] == group.admin.username)
    assert group.http.post(f"/users/{platform['id']}/deactivate").json()["active"] is False
    with ThreadPoolExecutor(2) as threads:
        answers = list(
            threads.map(
                lambda who: who[0].patch(f"/users/{who[1]['id']}", json={"role": "viewer"}).status_code,
                ((one, second), (two, first)),
            )
        )
    # The loser is no admin any more when it is their turn, or would be taking the last one.
    assert min(answers) == 200
    assert max(answers) in {403, 409}
    roles = [client.get("/auth/me").json()["role"] for client in (one, two)]
    assert sorted(roles) == ["admin", "viewer"]


def test_admin_of_one_rooftop_gives_nothing_they_have_not(group: Group) -> None:
    mine, other = group.dealer(), group.dealer()
    _, client = member(group, "admin", [mine])
    stranger, _ = member(group, "viewer", [other])
    whole, _ = member(group, "viewer")
    scoped = Client(client)
    person = {"username": name(), "password": PASSWORD, "role": "admin"}
    for path, body in (
        ("/users", person),
        ("/invitations", {"username": name(), "role": "admin"}),
        ("/api-keys", {"name": "k"}),
    ):
        scoped.problem(403, "POST", path, json=body)
        scoped.problem(403, "POST", path, json={**body, "dealer_ids": None})
        scoped.problem(404, "POST", path, json={**body, "dealer_ids": [mine, other]})
        assert client.post(path, json={**body, "dealer_ids": [mine]}).status_code == 201
    scoped.problem(403, "POST", "/dealers", json={"name": name(), "currency": "USD", "region": "US-MI"})
    for user in (stranger, whole):
        scoped.problem(404, "PATCH", f"/users/{user['id']}", json={"role": "manager"})
        scoped.problem(404, "POST", f"/users/{user['id']}/deactivate")
        scoped.problem(404, "DELETE", f"/users/{user['id']}/mfa")
        assert user["username"] not in str(scoped.get("/users"))
    me = scoped.get("/auth/me")
    scoped.problem(403, "PATCH", f"/users/{me['user_id']}", json={"dealer_ids": None})
    scoped.problem(404, "PATCH", f"/users/{me['user_id']}", json={"dealer_ids": [mine, other]})
    key = group.http.post("/api-keys", json={"name": "all"}).json()
    scoped.problem(404, "DELETE", f"/api-keys/{key['id']}")
    scoped.problem(404, "POST", f"/api-keys/{key['id']}/rotate")
    assert key["id"] not in str(scoped.get("/api-keys"))


def test_admin_of_one_rooftop_has_no_hand_in_sources_and_trail_of_the_group(group: Group) -> None:
    mine, sister = group.dealer(), group.dealer()
    local = group.person("admin", [mine])
    for scope in ({}, {"dealer_ids": [sister]}, {"dealer_ids": [mine], "dealer_codes": {"X": sister}}):
        answer = local.http.post("/dms/sources", json={"name": f"source {scope}", **scope})
        assert answer.status_code in (403, 404), answer.text
    whole = group.http.post("/dms/sources", json={"name": "the group's"}).json()["id"]
    own = local.http.post("/dms/sources", json={"name": "the rooftop's", "dealer_ids": [mine]}).json()["id"]
    assert [each["id"] for each in local.http.get("/dms/sources").json()["items"]] == [own]
    for method, path in (
        ("PATCH", f"/dms/sources/{whole}"),
        ("POST", f"/dms/sources/{whole}/rotate-secret"),
        ("DELETE", f"/dms/sources/{whole}"),
        ("GET", f"/dms/sources/{whole}/deliveries"),
    ):
        body = {"status": "disabled"} if method == "PATCH" else None
        assert local.http.request(method, path, json=body).status_code == 404, path
    assert local.http.patch(f"/dms/sources/{own}", json={"dealer_ids": None}).status_code == 403
    for path in ("/audit", "/audit/head", "/audit/export.csv", "/audit/export.ndjson"):
        assert local.http.get(path).status_code == 403, path


def test_admin_who_is_narrowed_loses_the_invitations_that_were_wider(group: Group, stranger: Client) -> None:
    mine = group.dealer()
    other = group.person("admin")
    name = f"guest-{uuid4().hex[:8]}"
    invited = other.http.post("/invitations", json={"username": name, "role": "admin"}).json()
    me = other.http.get("/auth/me").json()["user_id"]
    assert group.http.patch(f"/users/{me}", json={"dealer_ids": [mine]}).status_code == 200
    accepted = stranger.http.post("/invitations/accept", json={"token": invited["token"], "password": uuid4().hex})
    assert accepted.status_code in (401, 404, 410), accepted.text


def test_admin_of_a_group_does_not_change_the_installations(group: Group) -> None:
    _, client = member(group, "admin")
    platform = group.get("/auth/me")["user_id"]
    for method, path in (("PATCH", ""), ("POST", "/deactivate"), ("DELETE", "/mfa")):
        Client(client).problem(403, method, f"/users/{platform}{path}", json={} if method == "PATCH" else None)


def test_people_and_keys_of_another_group_are_not_here(group: Group, new_group: Callable[[], Group]) -> None:
    other = new_group()
    user, _ = member(group)
    key = group.http.post("/api-keys", json={"name": "k"}).json()
    made = invite(group)
    for method, path in (
        ("PATCH", f"/users/{user['id']}"),
        ("POST", f"/users/{user['id']}/deactivate"),
        ("POST", f"/users/{user['id']}/reactivate"),
        ("DELETE", f"/users/{user['id']}/mfa"),
        ("DELETE", f"/api-keys/{key['id']}"),
        ("POST", f"/api-keys/{key['id']}/rotate"),
        ("DELETE", f"/invitations/{made['id']}"),
    ):
        other.problem(404, method, path, json={} if method == "PATCH" else None)
    assert made["id"] not in str(other.get("/invitations"))


def machine(group: Group, secret: str) -> Client:
    client = httpx.Client(base_url=group.http.base_url, timeout=60, headers={"X-API-Key": secret})
    group.closing.append(client)
    return Client(client)


def test_key_may_do_what_its_scopes_say_and_nothing_else(group: Group) -> None:
    mine, other = group.dealer(), group.dealer()

    def key(*scopes: str) -> Client:
        answer = group.http.post("/api-keys", json={"name": "k", "dealer_ids": [mine], "scopes": scopes})
        assert answer.json()["scopes"] == list(scopes)
        return machine(group, answer.json()["secret"])

    reader, sender, importer = key("read"), key("events:write"), key("imports:write")
    form = {"data": {"dealer_id": mine}, "files": {"file": ("x.csv", b"VIN\n1")}}
    assert [one["id"] for one in reader.get("/dealers")["items"]] == [mine]
    for path in ("/inventory", "/recommendations", "/market", "/forecasts", "/feedback"):
        reader.get(path)
        assert "without the scope read" in sender.problem(403, "GET", path)["detail"]
    reader.problem(404, "GET", "/inventory", params={"dealer_id": other})
    for path in ("/users", "/api-keys", "/audit", "/auth/me", "/auth/sessions", "/invitations"):
        reader.problem(403, "GET", path)
    reader.problem(403, "POST", f"/recommendations/{uuid4()}/response", json={"decision": "accepted"})
    assert sender.http.post("/dms/events", json=[42]).status_code == 202
    for wrong in (reader, importer):
        assert "events:write" in wrong.problem(403, "POST", "/dms/events", json=[42])["detail"]
    assert importer.http.post("/inventory/imports", **form).status_code == 202
    for wrong in (reader, sender):
        assert "imports:write" in wrong.problem(403, "POST", "/inventory/imports", **form)["detail"]
    group.problem(422, "POST", "/api-keys", json={"name": "k", "scopes": ["users:write"]})
    group.problem(422, "POST", "/api-keys", json={"name": "k", "scopes": []})
    assert group.http.post("/api-keys", json={"name": "k"}).json()["scopes"] == ["events:write", "imports:write"]


def test_revoked_and_rotated_keys_end_and_their_use_is_noted(group: Group) -> None:
    made = group.http.post("/api-keys", json={"name": "DMS", "scopes": ["events:write"]}).json()
    old = machine(group, made["secret"])
    assert old.http.post("/dms/events", json=[42]).status_code == 202
    (seen,) = (one for one in group.get("/api-keys")["items"] if one["id"] == made["id"])
    assert seen["last_used_at"] is not None
    rotated = group.http.post(f"/api-keys/{made['id']}/rotate").json()
    new = machine(group, rotated["secret"])
    assert (rotated["name"], rotated["scopes"]) == ("DMS", ["events:write"])
    for both in (old, new):
        assert both.http.post("/dms/events", json=[42]).status_code == 202
    at_once = group.http.post(f"/api-keys/{rotated['id']}/rotate", json={"overlap_hours": 0}).json()
    new.problem(401, "POST", "/dms/events", json=[42])
    last = machine(group, at_once["secret"])
    assert last.http.post("/dms/events", json=[42]).status_code == 202
    assert group.http.delete(f"/api-keys/{at_once['id']}").status_code == 204
    last.problem(401, "POST", "/dms/events", json=[42])
    group.problem(404, "DELETE", f"/api-keys/{at_once['id']}")
    group.problem(404, "POST", f"/api-keys/{at_once['id']}/rotate")
    actions = [one["action"] for one in group.items("/audit")]
    assert {"api_key.created", "api_key.rotated", "api_key.revoked"} <= set(actions)


def test_users_password_obeys_the_policy(group: Group) -> None:
    for password in ("short", "doso doso doso", "x" * 257):
        body = {"username": name(), "password": password, "role": "viewer"}
        said = group.problem(422, "POST", "/users", json=body)
        assert said["errors"][0]["field"] == "body.password"
