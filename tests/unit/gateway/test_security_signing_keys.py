"""Signing keys: rotated without refusing anybody, retired so that everybody is."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from services.gateway.security import Claims, InvalidTokenError, SigningKeys, Tokens

CLAIMS = Claims(UUID(int=1), UUID(int=2), UUID(int=3))


def fresh() -> SigningKeys:
    return SigningKeys(json.dumps(SigningKeys.new_key()))


def kids(text: str) -> list[str]:
    return [key["kid"] for key in json.loads(text)["keys"]]


def test_key_without_a_name_gets_its_thumbprint() -> None:
    key = OKPKey.generate_key("Ed25519")
    assert SigningKeys(json.dumps(key.as_dict(private=True))).first == key.thumbprint()


def test_what_was_signed_before_the_rotation_is_read_after_it() -> None:
    before = fresh()
    token = Tokens(before).issue(CLAIMS)
    after = SigningKeys(before.rotate())
    assert after.first != before.first
    assert Tokens(after).read(token) == CLAIMS
    assert Tokens(after).read(Tokens(after).issue(CLAIMS)) == CLAIMS
    twice = SigningKeys(after.rotate())
    with pytest.raises(InvalidTokenError):
        Tokens(twice).read(token)
    assert Tokens(SigningKeys(after.rotate(keep=2))).read(token) == CLAIMS


def test_announced_key_verifies_first_and_signs_next() -> None:
    """Replicas that have not been rolled out yet must know the key that the others sign with."""
    before = fresh()
    announced = SigningKeys(before.announce())
    assert announced.first == before.first
    after = SigningKeys(announced.rotate())
    assert after.first in kids(before.announce()) or after.first in announced.verifiers
    assert Tokens(announced).read(Tokens(after).issue(CLAIMS)) == CLAIMS
    assert Tokens(after).read(Tokens(announced).issue(CLAIMS)) == CLAIMS


def test_retired_key_is_refused() -> None:
    before = fresh()
    after = SigningKeys(before.rotate())
    with pytest.raises(InvalidTokenError):
        Tokens(SigningKeys(after.retire())).read(Tokens(before).issue(CLAIMS))


def test_key_that_was_rotated_out_is_kept_as_a_public_one() -> None:
    first, second = json.loads(fresh().rotate())["keys"]
    assert "d" in first
    assert "d" not in second


def test_published_set_holds_no_private_part() -> None:
    keys = SigningKeys(fresh().announce())
    published = keys.jwks()["keys"]
    assert [key["kid"] for key in published] == [keys.first, *(kid for kid in keys.verifiers if kid != keys.first)]
    assert all(
        key.keys() == {"kty", "crv", "x", "kid", "use", "alg"} and (key["use"], key["alg"]) == ("sig", "Ed25519")
        for key in published
    )


def public() -> dict[str, Any]:
    return dict(OKPKey.generate_key("Ed25519").as_dict(private=False))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "not JSON"),
        ("[]", "neither"),
        ({"keys": []}, "neither"),
        ({"kty": "OKP"}, "not an Ed25519"),
        ({"keys": ["x"]}, "neither"),
        ({"keys": 5}, "neither"),
        ("[" * 100_000, "not JSON"),
        ({**SigningKeys.new_key(), "x": SigningKeys.new_key()["x"]}, "public half"),
        ({"keys": [SigningKeys.new_key() | {"kid": "one"}, SigningKeys.new_key() | {"kid": "one"}]}, "same name"),
        (public(), "public"),
        (dict(OKPKey.generate_key("X25519").as_dict(private=True)), "curve X25519"),
        (dict(ECKey.generate_key("P-256").as_dict(private=True)), "not an Ed25519"),
        (dict(RSAKey.generate_key(2048).as_dict(private=True)), "not an Ed25519"),
    ],
)
def test_what_is_no_signing_key_is_refused_without_being_told(document: Any, said: str) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(ValueError, match=said) as caught:
        SigningKeys(text)
    private = document.get("d") if isinstance(document, dict) else None
    assert private is None or private not in str(caught.value)
