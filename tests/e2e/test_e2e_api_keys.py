"""Keys of machines: their scopes, their end, their last use."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import httpx

from tests.e2e.conftest import Client

if TYPE_CHECKING:
    from tests.e2e.conftest import Group


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
