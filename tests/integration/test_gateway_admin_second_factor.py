"""An installation that asks admins for a second factor, as every one does that is not on a single machine."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from services.gateway.api import api_router
from services.gateway.api.misses import install_misses
from services.gateway.api.principal import Gate
from services.gateway.api.problems import install
from services.gateway.bootstrap import FirstAdmin, bootstrap
from services.gateway.security import Sealer, SigningKeys, Tokens
from services.gateway.settings import Settings
from services.gateway.store import accounts
from shared.messaging import KafkaSettings, UnitOfWork
from shared.postgres import PostgresSettings, create_pool
from shared.postgres.tenancy import lookup_transaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.gateway.store.accounts import Credentials

REFUSED = ("/users", "/dealers", "/inventory", "/api-keys", "/audit", "/invitations", "/recommendations")


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("gateway", PostgresSettings(dsn=migrated, pool_max=6))
    yield UnitOfWork(pool, "gateway")
    await pool.close()


@pytest.fixture
async def admin(work: UnitOfWork) -> FirstAdmin:
    made = await bootstrap(work, tenant_name="A group")
    assert made is not None
    return made


@pytest.fixture
async def http(work: UnitOfWork) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the API with the settings that nobody has changed."""
    async with served(work) as client:
        yield client


@asynccontextmanager
async def served(work: UnitOfWork, **changed: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        signing_key=json.dumps(SigningKeys.new_key()),  # type: ignore[arg-type]
        encryption_key=Sealer.new_key(),  # type: ignore[arg-type]
        postgres=PostgresSettings(dsn="unused"),
        kafka=KafkaSettings(bootstrap_servers="unused"),
        **changed,  # type: ignore[arg-type]
    )
    app = FastAPI()
    install(app)
    install_misses(app)
    app.include_router(api_router())
    app.state.gate = Gate(work, settings, Tokens(SigningKeys(settings.signing_key.get_secret_value())))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway/api/v1") as client:
        yield client


async def sign_in(http: httpx.AsyncClient, username: str, password: str, **fields: str) -> dict[str, str]:
    answer = await http.post("/auth/token", data={"username": username, "password": password, **fields})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_admin_without_second_factor_only_enrols_one(http: httpx.AsyncClient, admin: FirstAdmin) -> None:
    here = await sign_in(http, admin.username, admin.password)
    for path in REFUSED:
        answer = await http.get(path, headers=here)
        assert answer.status_code == 403, path
        assert "/auth/mfa/enroll" in answer.json()["detail"]
    assert (await http.post("/dms/events", json=[42], headers=here)).status_code == 403
    assert (await http.get("/auth/me", headers=here)).status_code == 200
    made = await http.post("/auth/mfa/enroll", json={"password": admin.password}, headers=here)
    totp = pyotp.TOTP(made.json()["secret"])
    assert (await http.get("/users", headers=here)).status_code == 403, "begun is not confirmed"
    code = totp.now()
    confirmed = await http.post("/auth/mfa/confirm", json={"otp": code}, headers=here)
    assert confirmed.status_code == 200
    for path in REFUSED:
        assert (await http.get(path, headers=here)).status_code == 200, path
    bare = await http.post("/auth/token", data={"username": admin.username, "password": admin.password})
    assert bare.status_code == 401
    again = await sign_in(http, admin.username, admin.password, otp=totp.at(time.time() + 30))
    off = {"password": admin.password, "otp": confirmed.json()["recovery_codes"][0]}
    assert (await http.post("/auth/mfa/disable", json=off, headers=again)).status_code == 204
    assert (await http.get("/users", headers=again)).status_code == 403


async def test_who_becomes_admin_enrols_first_and_others_need_not(http: httpx.AsyncClient, admin: FirstAdmin) -> None:
    boss = await sign_in(http, admin.username, admin.password)
    made = await http.post("/auth/mfa/enroll", json={"password": admin.password}, headers=boss)
    code = pyotp.TOTP(made.json()["secret"]).now()
    await http.post("/auth/mfa/confirm", json={"otp": code}, headers=boss)
    body = {"username": "kim", "password": "seven blue bicycles", "role": "manager"}
    user = (await http.post("/users", json=body, headers=boss)).json()
    kim = await sign_in(http, "kim", body["password"])
    assert (await http.get("/inventory", headers=kim)).status_code == 200
    await http.patch(f"/users/{user['id']}", json={"role": "admin"}, headers=boss)
    assert (await http.get("/inventory", headers=kim)).status_code == 403
    assert (await http.get("/auth/me", headers=kim)).json()["role"] == "admin"


async def test_where_everyone_needs_a_second_factor_a_viewer_only_enrols_one(
    work: UnitOfWork, admin: FirstAdmin
) -> None:
    body = {"username": "kim", "password": "seven blue bicycles", "role": "viewer"}
    async with served(work, second_factor_for="nobody") as http:
        boss = await sign_in(http, admin.username, admin.password)
        assert (await http.post("/users", json=body, headers=boss)).status_code == 201
        kim = await sign_in(http, "kim", body["password"])
        assert (await http.get("/inventory", headers=kim)).status_code == 200
        key = {"X-API-Key": (await http.post("/api-keys", json={"name": "DMS"}, headers=boss)).json()["secret"]}
    async with served(work, second_factor_for="everyone") as http:
        kim = await sign_in(http, "kim", body["password"])
        refused = await http.get("/inventory", headers=kim)
        assert (refused.status_code, "/auth/mfa/enroll" in refused.text) == (403, True)
        assert (await http.get("/auth/me", headers=kim)).status_code == 200
        made = await http.post("/auth/mfa/enroll", json={"password": body["password"]}, headers=kim)
        code = pyotp.TOTP(made.json()["secret"]).now()
        assert (await http.post("/auth/mfa/confirm", json={"otp": code}, headers=kim)).status_code == 200
        assert (await http.get("/inventory", headers=kim)).status_code == 200
        sent = await http.post("/dms/events", json=[42], headers=key)
        assert sent.status_code in {202, 422}, "machines have none"


async def test_enrolment_tries_are_counted(http: httpx.AsyncClient, admin: FirstAdmin) -> None:
    here = await sign_in(http, admin.username, admin.password)
    wrong = [
        (await http.post("/auth/mfa/enroll", json={"password": "not the one"}, headers=here)).status_code
        for _ in range(7)
    ]
    assert wrong == [403] * 5 + [429] * 2


async def test_password_is_hashed_again_when_parameters_have_changed(
    http: httpx.AsyncClient, work: UnitOfWork, admin: FirstAdmin
) -> None:
    async def stored() -> Credentials:
        async with lookup_transaction(work.pool, admin.username) as connection:
            found = await accounts.user_by_name(connection, admin.username)
        assert found is not None
        return found

    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(admin.password)
    async with work.begin(admin.tenant_id) as tx:
        await accounts.set_password_hash(tx.connection, (await stored()).user_id, weak)
    await sign_in(http, admin.username, admin.password)
    better = (await stored()).password_hash
    assert better != weak
    assert "m=19456,t=2,p=1" in better
    await sign_in(http, admin.username, admin.password)
    assert (await stored()).password_hash == better


async def test_sign_in_is_over_after_its_longest_life_however_often_it_was_refreshed(
    http: httpx.AsyncClient, work: UnitOfWork, admin: FirstAdmin
) -> None:
    form = {"username": admin.username, "password": admin.password}
    first = (await http.post("/auth/token", data=form)).json()
    second = (await http.post("/auth/refresh", data={"refresh_token": first["refresh_token"]})).json()
    async with work.begin(admin.tenant_id) as tx:
        lives = await tx.connection.fetchval(
            "SELECT max(t.expires_at) <= max(s.expires_at) FROM refresh_token t, sign_in s"
        )
        assert lives, "no refresh token outlives its sign-in"
        await tx.connection.execute("UPDATE sign_in SET expires_at = now()")
    me = await http.get("/auth/me", headers={"Authorization": f"Bearer {second['access_token']}"})
    assert me.status_code == 401
    over = await http.post("/auth/refresh", data={"refresh_token": second["refresh_token"]})
    assert over.status_code == 401
    await sign_in(http, admin.username, admin.password)
    async with work.begin(admin.tenant_id) as tx:
        kept = await tx.connection.fetchval("SELECT count(*) FROM sign_in")
        tokens = await tx.connection.fetchval("SELECT count(*) FROM refresh_token")
    assert (kept, tokens) == (1, 1), "what has expired is purged, used tokens with it"


async def test_expired_refresh_token_is_refused_and_ends_nothing(
    http: httpx.AsyncClient, work: UnitOfWork, admin: FirstAdmin
) -> None:
    form = {"username": admin.username, "password": admin.password}
    pair = (await http.post("/auth/token", data=form)).json()
    async with work.begin(admin.tenant_id) as tx:
        await tx.connection.execute("UPDATE refresh_token SET expires_at = now()")
    refused = await http.post("/auth/refresh", data={"refresh_token": pair["refresh_token"]})
    assert refused.status_code == 401
    me = await http.get("/auth/me", headers={"Authorization": f"Bearer {pair['access_token']}"})
    assert me.status_code == 200


async def test_second_factor_is_sealed_at_rest_and_recovery_codes_are_hashed(
    http: httpx.AsyncClient, work: UnitOfWork, admin: FirstAdmin
) -> None:
    here = await sign_in(http, admin.username, admin.password)
    secret = (await http.post("/auth/mfa/enroll", json={"password": admin.password}, headers=here)).json()["secret"]
    code = pyotp.TOTP(secret).now()
    recovery = (await http.post("/auth/mfa/confirm", json={"otp": code}, headers=here)).json()["recovery_codes"]
    async with work.begin(admin.tenant_id) as tx:
        sealed = await tx.connection.fetchval("SELECT sealed_secret FROM second_factor")
        hashes = [row["code_hash"] for row in await tx.connection.fetch("SELECT code_hash FROM recovery_code")]
    assert secret.encode() not in sealed
    assert len(hashes) == len(recovery) == 10
    assert not set(hashes) & {code.replace("-", "") for code in recovery}
