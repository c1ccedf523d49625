"""Passwords, access tokens and API keys: only what we issued ourselves, untouched and in time, is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OKPKey

from services.gateway.security import (
    ACCESS_SECONDS,
    Claims,
    InvalidTokenError,
    Passwords,
    Tokens,
    digest,
    new_api_key,
    same,
    split_api_key,
)

KEY = Tokens.new_key()
TOKENS = Tokens(KEY)
OTHER = Tokens.new_key()
CLAIMS = Claims(UUID(int=1), UUID(int=2), UUID(int=3))
NOW = int(datetime.now(UTC).timestamp())


def forge(
    key: dict[str, Any] = KEY,
    typ: str = "at+jwt",
    drop: str | None = None,
    kid: str | None = KEY["kid"],
    **changes: Any,
) -> str:
    """Sign what an attacker or a neighbour might: our form, with something different about it."""
    payload = {
        "iss": "doso", "aud": "doso-api", "iat": NOW, "exp": NOW + 86_400, "jti": "1",
        "sub": str(CLAIMS.user_id), "tenant": str(CLAIMS.tenant_id), "sid": str(CLAIMS.sign_in_id), **changes,
    }  # fmt: skip
    payload.pop(drop or "", None)
    header = {"alg": "Ed25519", "typ": typ, **({} if kid is None else {"kid": kid})}
    return jwt.encode(header, payload, OKPKey.import_key(key), algorithms=["Ed25519"])


def part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def opened(token: str, place: int) -> dict[str, Any]:
    text = token.split(".")[place]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


async def test_password_fits_only_itself() -> None:
    passwords = Passwords()
    stored = await passwords.hash("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert stored != await passwords.hash("correct horse battery")
    assert await passwords.verify("correct horse battery", stored)
    assert not await passwords.verify("correct horse batterz", stored)
    assert not await passwords.verify("", stored)


async def test_unknown_user_is_checked_against_a_decoy_and_never_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords()
    compared: list[str] = []
    fits = passwords._fits

    def watched(password: str, stored: str) -> bool:
        compared.append(stored)
        return fits(password, stored)

    monkeypatch.setattr(passwords, "_fits", watched)
    assert not await passwords.verify("anything", None)
    (decoy,) = compared
    own = await passwords.hash("anything")
    assert decoy.split("$")[:4] == own.split("$")[:4], "the decoy costs what a real hash costs"
    monkeypatch.setattr(passwords, "_fits", lambda _password, _stored: True)
    assert not await passwords.verify("the decoy itself", None)


async def test_damaged_hash_fits_nothing() -> None:
    assert not await Passwords().verify("x", "no hash")


def test_issued_token_is_read_back() -> None:
    token = TOKENS.issue(CLAIMS)
    assert TOKENS.read(token) == CLAIMS
    assert opened(token, 0) == {"alg": "Ed25519", "typ": "at+jwt", "kid": KEY["kid"]}
    payload = opened(token, 1)
    assert payload["exp"] - payload["iat"] == ACCESS_SECONDS
    assert opened(TOKENS.issue(CLAIMS), 1)["jti"] != payload["jti"]


def test_forged_form_is_ours_when_nothing_is_changed() -> None:
    """Otherwise the refusals below would prove nothing."""
    assert TOKENS.read(forge()) == CLAIMS


@pytest.mark.parametrize(
    "token",
    [
        forge(iss="else"),
        forge(aud="else"),
        forge(aud=["else"]),
        forge(exp=NOW - 1),
        forge(iat=NOW - 3600, exp=NOW - 1800),
        forge(exp="soon"),
        forge(sub="admin"),
        forge(tenant="*"),
        forge(tenant=None),
        forge(typ="JWT"),
        forge(typ="rt+jwt"),
        forge(key=OTHER),
        forge(key=OTHER, kid=OTHER["kid"]),
        forge(kid=None),
        forge(kid=""),
        forge(kid="../../dev/null"),
        forge(sid="*"),
        *(forge(drop=name) for name in ("iss", "aud", "exp", "iat", "sub", "jti", "tenant", "sid")),
    ],
)
def test_token_with_something_wrong_is_refused(token: str) -> None:
    with pytest.raises(InvalidTokenError):
        TOKENS.read(token)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS256", "EdDSA", "Ed25519", "RS256"])
def test_unsigned_token_is_refused_whatever_it_claims(alg: str) -> None:
    body = forge().split(".")[1]
    head = part({"alg": alg, "typ": "at+jwt", "kid": KEY["kid"]})
    for token in (f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.AAAA"):
        with pytest.raises(InvalidTokenError):
            TOKENS.read(token)


@pytest.mark.parametrize(
    "secret", [KEY["x"].encode(), json.dumps({k: v for k, v in KEY.items() if k != "d"}).encode()]
)
def test_public_key_is_no_hmac_secret(secret: bytes) -> None:
    """Algorithm confusion: what everybody may know must not sign."""
    raw = base64.urlsafe_b64decode(KEY["x"] + "=")
    for known in (secret, raw):
        signed = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': KEY['kid']})}.{forge().split('.')[1]}"
        mark = base64.urlsafe_b64encode(hmac.digest(known, signed.encode(), hashlib.sha256)).rstrip(b"=").decode()
        with pytest.raises(InvalidTokenError):
            TOKENS.read(f"{signed}.{mark}")


def test_key_in_the_header_is_not_trusted() -> None:
    mine = OKPKey.generate_key("Ed25519")
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": KEY["kid"], "jwk": mine.as_dict(private=False)}
    token = jwt.encode(header, opened(forge(), 1), mine, algorithms=["Ed25519"])
    with pytest.raises(InvalidTokenError):
        TOKENS.read(token)


@given(st.integers(0, 500), st.characters(categories=["Lu", "Ll", "Nd"], codec="ascii"))
def test_tampered_token_is_refused(place: int, letter: str) -> None:
    token = forge()
    place %= len(token) - 2  # the last letters carry padding bits that mean nothing
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(InvalidTokenError):
            TOKENS.read(changed)


@given(st.text(max_size=80))
def test_any_text_is_refused_without_a_crash(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        TOKENS.read(text)


def test_claims_of_another_token_do_not_go_with_a_signature() -> None:
    head, _, mark = forge().split(".")
    with pytest.raises(InvalidTokenError):
        TOKENS.read(f"{head}.{forge(tenant=str(UUID(int=7))).split('.')[1]}.{mark}")


def test_api_key_is_split_into_id_and_secret() -> None:
    key = new_api_key()
    found = split_api_key(key.text)
    assert found is not None
    assert found[0] == key.key_id
    assert same(digest(found[1]), key.secret_hash)
    assert found[1] not in key.secret_hash
    assert new_api_key().text != key.text


def test_secret_may_hold_underscores() -> None:
    assert split_api_key("doso_0123abcd_a_b-c_") == ("0123abcd", "a_b-c_")


@pytest.mark.parametrize("text", ["", "doso", "doso_1", "stripe_1_2", "DOSO_1_2", "bearer", "_ _"])
def test_text_that_is_no_api_key_is_told(text: str) -> None:
    assert split_api_key(text) is None


def test_comparison_takes_any_text() -> None:
    assert same("é", "é")
    assert not same("é", "e")
