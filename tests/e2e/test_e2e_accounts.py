"""People of a group: changed, shut out, and never given what the giver has not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.e2e.conftest import Client
from tests.e2e.members import PASSWORD, invite, member, name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Group


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
