"""Requests that are sent again: carried out once, answered alike."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.servers import PostgresServer
from tests.e2e.conftest import as_csv, new_vin, stock_row

if TYPE_CHECKING:
    import httpx

    from tests.conftest import System
    from tests.e2e.conftest import Group


def dealer(name: str | None = None) -> dict[str, str]:
    name = name or f"Store {uuid4().hex[:8]}"
    return {"name": name, "currency": "USD", "region": "US-MI", "timezone": "UTC"}


def keyed(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or uuid4().hex}


def replayed(answer: httpx.Response) -> bool:
    return answer.headers.get("idempotent-replayed") == "true"


def ask_owner(system: System, query: str, *arguments: Any) -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(PostgresServer(system.data_dir).dsn())
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_the_same_request_again_has_the_same_answer_and_one_effect(group: Group) -> None:
    body, headers = dealer(), keyed()
    first = group.http.post("/dealers", json=body, headers=headers)
    again = group.http.post("/dealers", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json(), replayed(first), replayed(again)) == (first.json(), False, True)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert [one["name"] for one in group.get("/dealers")["items"]].count(body["name"]) == 1


def test_another_request_with_the_key_is_refused_and_another_route_is_another_key(group: Group) -> None:
    headers = keyed()
    assert group.http.post("/dealers", json=dealer(), headers=headers).status_code == 201
    group.problem(422, "POST", "/dealers", json=dealer(), headers=headers)
    user = {"username": f"u-{uuid4().hex[:8]}", "password": uuid4().hex, "role": "viewer"}
    made = group.http.post("/users", json=user, headers=headers)
    assert (made.status_code, replayed(made)) == (201, False)


def test_many_at_once_take_effect_once(group: Group) -> None:
    body, headers = dealer(), keyed()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: group.http.post("/dealers", json=body, headers=headers), range(12)))
    made = [answer for answer in answers if answer.status_code == 201]
    assert [answer.status_code for answer in answers if answer not in made] == [409] * (12 - len(made))
    assert sum(not replayed(answer) for answer in made) == 1
    assert len({answer.json()["id"] for answer in made}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert "Idempotency-Key" in answer.json()["detail"], "not that the name is taken"
            assert answer.headers["retry-after"]


def test_what_failed_did_nothing_and_may_be_sent_again(group: Group) -> None:
    headers, body = keyed(), dealer()
    group.problem(422, "POST", "/dealers", json={**body, "currency": "dollars"}, headers=headers)
    made = group.http.post("/dealers", json=body, headers=headers)
    assert (made.status_code, replayed(made)) == (201, False)


def test_the_secret_of_a_key_is_repeated_but_never_stored_in_clear(system: System, group: Group) -> None:
    headers = keyed()
    first = group.http.post("/api-keys", json={"name": "DMS"}, headers=headers).json()
    again = group.http.post("/api-keys", json={"name": "DMS"}, headers=headers)
    assert (again.json(), replayed(again)) == (first, True)
    rows = ask_owner(
        system, "SELECT i::text AS row FROM gateway.idempotency i WHERE key = $1", headers["Idempotency-Key"]
    )
    assert len(rows) == 1
    assert first["secret"] not in rows[0]["row"]
    assert first["id"] not in rows[0]["row"]


def test_a_file_sent_again_is_the_same_file_whatever_its_boundary(group: Group) -> None:
    headers, content = keyed(), as_csv([stock_row(new_vin()) for _ in range(3)])
    form = {"data": {"dealer_id": group.dealer()}, "headers": headers}
    answers = [group.dms.post("/inventory/imports", files={"file": ("a.csv", content)}, **form) for _ in range(2)]
    assert answers[0].request.headers["content-type"] != answers[1].request.headers["content-type"]
    assert [answer.status_code for answer in answers] == [202, 202], answers[1].text
    assert (answers[1].json(), replayed(answers[1])) == (answers[0].json(), True)
    other = group.dms.post("/inventory/imports", files={"file": ("a.csv", content + b"\n")}, **form)
    assert other.status_code == 422


def test_a_key_is_its_owners(group: Group, new_group: Any) -> None:
    headers, body = keyed(), dealer()
    assert group.http.post("/dealers", json=body, headers=headers).status_code == 201
    elsewhere = new_group().http.post("/dealers", json=body, headers=headers)
    assert (elsewhere.status_code, replayed(elsewhere)) == (201, False)
    person = group.person("manager")
    person.problem(422, "POST", "/dealers", json=body, headers=headers)  # nothing is replayed to him
    person.problem(403, "POST", "/dealers", json=body, headers=keyed())


@pytest.mark.parametrize(
    ("effective", "age", "status", "words"),
    [(True, "1 hour", 409, "was carried out"), (False, "1 second", 409, "under way"), (False, "1 hour", 201, "")],
    ids=["took effect", "under way", "died without effect"],
)
def test_a_request_that_was_cut_off_is_never_carried_out_twice(
    system: System, group: Group, effective: bool, age: str, status: int, words: str
) -> None:
    headers = keyed()
    ask_owner(
        system,
        "INSERT INTO gateway.idempotency (tenant_id, key, route, began_at, effective)"
        " VALUES ($1, $2, 'POST /api/v1/dealers', now() - $3::text::interval, $4)",
        group.admin.tenant_id, headers["Idempotency-Key"], age, effective,
    )  # fmt: skip
    answer = group.http.post("/dealers", json=dealer(), headers=headers)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_keys_are_forgotten_after_a_day(system: System, group: Group) -> None:
    headers, body = keyed(), dealer()
    group.http.post("/dealers", json=body, headers=headers)
    ask_owner(
        system, "UPDATE gateway.idempotency SET began_at = now() - interval '25 hours' WHERE key = $1",
        headers["Idempotency-Key"],
    )  # fmt: skip
    group.problem(409, "POST", "/dealers", json=body, headers=headers)  # the name is taken: it was run again


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ümlaut".encode()])
def test_a_key_that_is_none_is_refused(group: Group, key: str | bytes) -> None:
    problem = group.problem(400, "POST", "/dealers", json=dealer(), headers={"Idempotency-Key": key})
    assert "Idempotency-Key" in problem["detail"]


def test_bad_credentials_are_no_less_bad_with_a_key(group: Group) -> None:
    headers = {**keyed(), "Authorization": "Bearer nonsense"}
    group.problem(401, "POST", "/dealers", json=dealer(), headers=headers)
