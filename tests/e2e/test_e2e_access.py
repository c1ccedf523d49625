"""Who may do what: credentials, roles and rooftops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.conftest import Client, new_vin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import System
    from tests.e2e.conftest import Group

NOBODY = "00000000-0000-4000-8000-000000000001"
READS = (
    "/auth/me", "/dealers", "/inventory", "/inventory/summary", "/market", "/market/gaps", "/forecasts",
    "/recommendations", f"/recommendations/{NOBODY}", "/feedback", "/feedback/summary", "/learning",
    "/learning/policies", "/users", "/tenants", "/api-keys", "/audit", f"/inventory/imports/{NOBODY}",
)  # fmt: skip


@pytest.fixture
def stranger(system: System) -> Iterator[Client]:
    with httpx.Client(base_url=f"{system.url}/api/v1", timeout=30) as http:
        yield Client(http)


@pytest.mark.parametrize("path", READS)
def test_nothing_is_read_without_credentials(stranger: Client, path: str) -> None:
    answer = stranger.http.get(path)
    stranger.problem(401, "GET", path)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
        {"Authorization": "Basic YWRtaW46YWRtaW4="},
        {"X-API-Key": "nonsense"},
        {"X-API-Key": "doso_0123456789abcdef_wrong"},
    ],
)
def test_wrong_credentials_are_refused_alike(stranger: Client, headers: dict[str, str]) -> None:
    plain = stranger.problem(401, "POST", "/dms/events", json={})
    assert stranger.problem(401, "POST", "/dms/events", json={}, headers=headers) == plain


def test_wrong_password_and_unknown_user_are_refused_alike(stranger: Client, group: Group) -> None:
    forms = ({"username": group.admin.username, "password": "x"}, {"username": "nobody", "password": "x"})
    said = [stranger.problem(401, "POST", "/auth/token", data=form) for form in forms]
    assert said[0] == said[1]


def test_key_with_the_right_id_and_a_wrong_secret_is_refused(stranger: Client, group: Group) -> None:
    key = group.admin.dms_api_key[:-2] + "zz"
    stranger.problem(401, "POST", "/dms/events", json={}, headers={"X-API-Key": key})


def test_key_sends_events_and_files_but_reads_nothing(group: Group) -> None:
    machine = Client(group.dms)
    for path in ("/inventory", "/recommendations", "/auth/me", "/users"):
        assert "The role dms may not do this" in machine.problem(403, "GET", path)["detail"]


def test_token_of_an_admin_sends_events_too(group: Group) -> None:
    event = group.event(group.dealer(), "vehicle.stocked", new_vin(), make="Toyota", model="RAV4")
    assert group.http.post("/dms/events", json=event).json()["accepted"] == 1


@pytest.mark.parametrize("role", ["viewer", "buyer"])
def test_people_who_only_look_or_buy_send_no_data(group: Group, role: str) -> None:
    person = group.person(role)
    person.problem(403, "POST", "/dms/events", json={})
    files = {"file": ("x.csv", b"VIN\n1")}
    person.problem(403, "POST", "/inventory/imports", data={"dealer_id": NOBODY}, files=files)


def test_viewer_reads_but_answers_nothing(group: Group) -> None:
    viewer = group.person("viewer")
    assert viewer.get("/auth/me")["role"] == "viewer"
    assert viewer.get("/recommendations") == {"items": [], "next_cursor": None}
    answer = {"decision": "accepted"}
    viewer.problem(403, "POST", f"/recommendations/{NOBODY}/response", json=answer)
    group.person("buyer").problem(404, "POST", f"/recommendations/{NOBODY}/response", json=answer)


@pytest.mark.parametrize("path", ["/users", "/tenants", "/api-keys", "/audit"])
def test_administration_is_for_admins(group: Group, path: str) -> None:
    group.person("manager").problem(403, "GET", path)


def test_person_of_one_rooftop_sees_no_other(group: Group) -> None:
    mine, other = group.dealer(), group.dealer()
    vins = {dealer: new_vin() for dealer in (mine, other)}
    for dealer, vin in vins.items():
        group.send(group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4"))
        group.until(dealer, vin, status="in_stock")
    person = group.person("manager", [mine])
    assert [d["id"] for d in person.get("/dealers")["items"]] == [mine]
    assert [v["vin"] for v in person.items("/inventory")] == [vins[mine]]
    assert [s["dealer_id"] for s in person.get("/inventory/summary")] == [mine]
    person.problem(404, "GET", "/inventory", params={"dealer_id": other})
    refused = person.http.post("/dms/events", json=group.event(other, "vehicle.departed", vins[other])).json()
    assert refused["accepted"] == 0
    assert "no dealer" in refused["rejected"][0]["errors"][0]


def test_refresh_token_works_once_and_its_copy_ends_the_sign_in(system: System, group: Group) -> None:
    api = f"{system.url}/api/v1"
    form = {"username": group.admin.username, "password": group.admin.password}
    with httpx.Client(base_url=api, timeout=30) as http:
        client = Client(http)
        first = http.post("/auth/token", data=form).json()["refresh_token"]
        second = http.post("/auth/refresh", data={"refresh_token": first}).json()["refresh_token"]
        client.problem(401, "POST", "/auth/refresh", data={"refresh_token": first})
        client.problem(401, "POST", "/auth/refresh", data={"refresh_token": second})


def test_sign_out_ends_the_refresh_token(system: System, group: Group) -> None:
    with httpx.Client(base_url=f"{system.url}/api/v1", timeout=30) as http:
        form = {"username": group.admin.username, "password": group.admin.password}
        token = {"refresh_token": http.post("/auth/token", data=form).json()["refresh_token"]}
        assert http.post("/auth/logout", data=token).status_code == 204
        Client(http).problem(401, "POST", "/auth/refresh", data=token)


def test_names_are_taken_once_and_what_was_done_is_kept(group: Group) -> None:
    group.dealer("Twice")
    body = {"name": "Twice", "currency": "USD", "region": "US-MI"}
    assert "exists already" in group.problem(409, "POST", "/dealers", json=body)["detail"]
    trail = group.items("/audit", action="dealer.created")
    assert {"actor": group.admin.username, "action": "dealer.created"}.items() <= trail[0].items()
    assert trail[0]["details"]["name"] == "Twice"


def test_secret_of_a_key_is_shown_once_and_works(system: System, group: Group) -> None:
    made = group.http.post("/api-keys", json={"name": "second"}).json()
    assert made["secret"].startswith(f"doso_{made['id']}_")
    assert made["secret"] not in str(group.get("/api-keys"))
    headers = {"X-API-Key": made["secret"]}
    answer = httpx.post(f"{system.url}/api/v1/dms/events", json=[42], headers=headers, timeout=30)
    assert answer.json()["rejected"][0]["index"] == 0
