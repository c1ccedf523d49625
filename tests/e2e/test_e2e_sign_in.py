"""Signing in: refresh tokens, sign-ins that end at once, throttled tries, forged tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

from tests.e2e.users import User, bearer, enrol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import System
    from tests.e2e.conftest import Group


def test_refresh_token_used_twice_at_once_ends_the_sign_in_and_its_access(new_user: Callable[..., User]) -> None:
    user = new_user()
    first, other = user.sign_in(), user.sign_in()
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: httpx.post(
                    f"{user.http.base_url}auth/refresh", data={"refresh_token": first["refresh_token"]}, timeout=60
                ),
                range(8),
            )
        )
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert [answer.status_code for answer in answers].count(401) == 7
    user.problem(401, "POST", "/auth/refresh", data={"refresh_token": won[0]["refresh_token"]})
    assert user.status(first) == user.status(won[0]) == 401
    assert user.status(other) == 200, "another sign-in is not its family"


def test_refresh_and_access_tokens_do_not_stand_in_for_each_other(new_user: Callable[..., User]) -> None:
    user = new_user()
    pair = user.sign_in()
    assert user.status({"access_token": pair["refresh_token"]}) == 401
    user.problem(401, "POST", "/auth/refresh", data={"refresh_token": pair["access_token"][:200]})
    user.problem(422, "POST", "/auth/refresh", data={"refresh_token": pair["access_token"]})


def test_sign_out_ends_the_access_token_too(new_user: Callable[..., User]) -> None:
    user = new_user()
    pair = user.sign_in()
    assert user.http.post("/auth/logout", data={"refresh_token": pair["refresh_token"]}).status_code == 204
    assert user.status(pair) == 401


def test_own_sign_ins_are_listed_and_ended_one_by_one(new_user: Callable[..., User]) -> None:
    user, stranger = new_user(), new_user()
    here, there = user.sign_in(), user.sign_in()
    listed = user.http.get("/auth/sessions", headers=bearer(here)).json()["items"]
    assert [one["current"] for one in listed].count(True) == 1
    assert {one["address"] for one in listed} == {"127.0.0.1"}
    (gone,) = (one["id"] for one in listed if not one["current"])
    path = f"/auth/sessions/{gone}"
    stranger.problem(404, "DELETE", path, headers=bearer(stranger.sign_in()))
    assert user.http.delete(path, headers=bearer(here)).status_code == 204
    assert (user.status(here), user.status(there)) == (200, 401)
    user.problem(401, "POST", "/auth/refresh", data={"refresh_token": there["refresh_token"]})
    user.problem(404, "DELETE", path, headers=bearer(here))


def test_changed_password_ends_every_other_sign_in(new_user: Callable[..., User]) -> None:
    user = new_user()
    here, there = user.sign_in(), user.sign_in()
    change = {"current_password": "wrong" * 4, "new_password": "seven blue bicycles"}
    user.problem(403, "POST", "/auth/password", json=change, headers=bearer(here))
    change["current_password"] = user.password
    for bad in ("short", f"{user.username}!", user.password):
        refused = user.problem(
            422, "POST", "/auth/password", json={**change, "new_password": bad}, headers=bearer(here)
        )
        assert refused["errors"][0]["field"] == "new_password"
    assert user.http.post("/auth/password", json=change, headers=bearer(here)).status_code == 204
    assert (user.status(here), user.status(there)) == (200, 401)
    user.refused(401)
    user.password = change["new_password"]
    user.sign_in()


def test_guessing_from_elsewhere_is_stopped_and_locks_nobody_out(new_user: Callable[..., User]) -> None:
    user = new_user()
    user.sign_in()
    attacker = User(new_user.at("127.0.0.66"), user.username, "a guess that is wrong")  # type: ignore[attr-defined]
    said = [attacker.http.post("/auth/token", data=attacker.form()) for _ in range(14)]
    assert [answer.status_code for answer in said[:10]] == [401] * 10
    stopped = [answer for answer in said if answer.status_code == 429]
    assert stopped
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in stopped)
    assert stopped[0].headers["content-type"] == "application/problem+json"
    attacker.password = user.password
    for _ in range(3):
        user.sign_in()
    nobody = User(attacker.http, f"nobody-{uuid4().hex}", "a guess that is wrong")
    unknown = [nobody.http.post("/auth/token", data=nobody.form()).status_code for _ in range(16)]
    assert unknown[:10] == [401] * 10
    assert 429 in unknown[10:], "a name that does not exist is throttled alike"


def test_what_happened_at_the_door_is_in_the_audit(group: Group, new_user: Callable[..., User]) -> None:
    user = new_user()
    user.problem(401, "POST", "/auth/token", data=user.form(password="wrong"))
    pair = user.sign_in()
    enrol(user, pair)
    user.http.post("/auth/logout", data={"refresh_token": pair["refresh_token"]})
    expected = {
        "user.created",
        "sign_in.failed",
        "sign_in.begun",
        "mfa.enrolment_begun",
        "mfa.enabled",
        "sign_in.ended",
    }
    deadline = time.monotonic() + 120
    while True:
        trail = [one for one in group.items("/audit") if one["subject"] == user.username]
        if expected <= {one["action"] for one in trail} or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert {one["action"] for one in trail} >= expected
    assert user.password not in json.dumps(trail)
    assert pair["refresh_token"] not in json.dumps(trail)


def part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def opened(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def test_published_keys_verify_our_tokens_and_forged_tokens_are_refused(
    system: System, new_user: Callable[..., User]
) -> None:
    user = new_user("admin")
    pair = user.sign_in()
    token = pair["access_token"]
    head, body, mark = token.split(".")
    header, claims = opened(head), opened(body)
    published = httpx.get(f"{system.url}/.well-known/jwks.json", timeout=30).json()["keys"]
    (key,) = (one for one in published if one["kid"] == header["kid"])
    assert jwt.decode(token, OKPKey.import_key(key), algorithms=["Ed25519"]).claims == claims
    assert all("d" not in one for one in published)

    secret = json.loads((system.data_dir / "signing-key.json").read_text())
    now = int(datetime.now(UTC).timestamp())

    def signed(by: dict[str, Any] = secret, head: dict[str, Any] | None = None, **changes: Any) -> str:
        payload = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jwt.encode({**header, **(head or {})}, payload, OKPKey.import_key(by), algorithms=["Ed25519"])

    def hashed(known: bytes) -> str:
        text = f"{part({**header, 'alg': 'HS256'})}.{body}"
        return f"{text}.{base64.urlsafe_b64encode(hmac.digest(known, text.encode(), hashlib.sha256)).rstrip(b'=').decode()}"

    own = dict(OKPKey.generate_key("Ed25519").as_dict(private=True))
    forged = {
        "alg none": f"{part({**header, 'alg': 'none'})}.{body}.",
        "alg none with a signature": f"{part({**header, 'alg': 'none'})}.{body}.{mark}",
        "stripped signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "HS256 by the public key": hashed(base64.urlsafe_b64decode(key["x"] + "=")),
        "HS256 by the JWK": hashed(json.dumps(key).encode()),
        "RS256": f"{part({**header, 'alg': 'RS256'})}.{body}.{mark}",
        "own key under our kid": signed(own),
        "own key under its own kid": signed(own, {"kid": "mine", "jwk": {n: own[n] for n in ("kty", "crv", "x")}}),
        "unknown kid": signed(head={"kid": "other"}),
        "another typ": signed(head={"typ": "JWT"}),
        "expired": signed(iat=now - 3600, exp=now - 1),
        "wrong audience": signed(aud="else"),
        "wrong issuer": signed(iss="else"),
        "another tenant": signed(tenant=str(uuid4())),
        "another user": signed(sub=str(uuid4())),
        "another sign-in": signed(sid=str(uuid4())),
        "no sign-in": signed(sid=None),
        "other body": f"{head}.{part({**claims, 'sub': str(uuid4())})}.{mark}",
    }
    assert user.status({"access_token": signed()}) == 200, "otherwise the refusals would prove nothing"
    assert {name: user.status({"access_token": text}) for name, text in forged.items()} == dict.fromkeys(forged, 401)
