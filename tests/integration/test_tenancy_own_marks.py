"""What the matrix looks for is really there to be found: each tenant sees its own at every reading route."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from services.gateway.domain.audit_chain import GENESIS
from tests.integration.tenancy_matrix import (
    ENDLESS,
    MINE_VIN,
    PUBLIC,
    Named,
    at,
    filled,
    leaks,
    routes,
    shown,
    two_tenants,
    wide,
)

if TYPE_CHECKING:
    from tests.integration.gateway_running import RunningGateway

FIGURES_ALONE = {"/api/v1/feedback/summary", "/api/v1/audit/head"}
"""Answers without a text or an id in them; the trail's head is compared below."""


@pytest.fixture
async def two(gateway: RunningGateway) -> tuple[Named, Named]:
    return await two_tenants(gateway)


async def test_each_tenant_sees_its_own_marks_at_every_reading_route(
    gateway: RunningGateway, two: tuple[Named, Named]
) -> None:
    _, theirs = two
    for name, (method, path, _) in routes(gateway.app).items():
        if method != "GET" or name in ENDLESS or name in PUBLIC:
            continue
        answer = await theirs.party.http.get(filled(path, theirs), params=wide(path))
        assert answer.status_code == 200, (name, answer.text)
        assert path in FIGURES_ALONE or leaks(answer, theirs), (name, answer.text[:300])


async def test_each_tenants_trail_has_a_head_of_its_own(two: tuple[Named, Named]) -> None:
    heads = [(await each.party.http.get("/audit/head")).json()["hash"] for each in two]
    assert len({GENESIS, *heads}) == 3


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
async def test_every_report_shows_ones_own_and_nothing_of_anothers(
    gateway: RunningGateway, two: tuple[Named, Named], form: str
) -> None:
    """Each side in turn, the files unpacked: what is compressed is looked into as well."""
    reports = [path for _, path, _ in routes(gateway.app).values() if "{format}" in path]
    assert len(reports) >= 5
    for one, other in (two, two[::-1]):
        for path in reports:
            answer = await one.party.http.get(at(path.replace("{format}", form)), params=wide(path))
            assert answer.status_code == 200, (path, answer.text)
            assert one.party.mark in shown(answer), (path, form)
            assert leaks(answer, other) == [], (path, form)


async def test_a_new_tenants_first_admin_signs_in_and_starts_a_trail_of_its_own(gateway: RunningGateway) -> None:
    platform = await gateway.party("alpha", MINE_VIN)
    made = (await platform.http.post("/tenants", json={"name": "Gamma", "admin": "first of gamma"})).json()
    admin = await gateway.sign_in("first of gamma", made["admin_password"])
    me = (await admin.get("/auth/me")).json()
    assert (me["tenant_id"], me["role"]) == (made["id"], "admin")
    began, first = (await admin.get("/audit")).json()["items"]
    assert (first["action"], first["subject"], first["previous"]) == ("tenant.created", made["id"], GENESIS)
    assert (began["action"], began["actor"], began["previous"]) == ("sign_in.begun", "first of gamma", first["hash"])
    assert made["admin_password"] not in json.dumps(await platform.trail())
    assert (await admin.post("/tenants", json={"name": "no"})).status_code == 403
    assert (await platform.http.post("/tenants", json={"name": "x", "admin": "first of gamma"})).status_code == 409
