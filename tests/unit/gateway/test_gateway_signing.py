"""Signatures of webhooks: what is genuine, and everything that is not."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.gateway.signing import Signed, genuine, key_of, new_secret, shown, sign

NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)
KEY, OTHER = b"k" * 32, b"o" * 32
BODY = b'{"n": 1, "text": "\xc3\xa9"}'


def signed(body: bytes = BODY, at: datetime = NOW, key: bytes = KEY, delivery_id: str = "msg_1") -> Signed:
    return Signed(delivery_id, str(int(at.timestamp())), sign(delivery_id, at, body, key))


def test_vector_of_the_specification() -> None:
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    body = b'{"test": 2432232314}'
    delivery_id, signature = "msg_p5jXN8AQM9LWM0D4loKWxJek", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign(delivery_id, at, body, key) == signature
    assert genuine(Signed(delivery_id, "1614265330", signature), body, [key], at)


@given(body=st.text(), delivery_id=st.from_regex(r"[a-zA-Z0-9_\-]{1,40}", fullmatch=True))
def test_what_the_library_signs_is_genuine(body: str, delivery_id: str) -> None:
    secret = new_secret()
    signature = Webhook(shown(secret)).sign(delivery_id, NOW, body)
    assert genuine(Signed(delivery_id, str(int(NOW.timestamp())), signature), body.encode(), [secret], NOW)


def test_body_need_not_be_text() -> None:
    body = b"\xff\x00\xfe"
    assert genuine(signed(body), body, [KEY], NOW)


@pytest.mark.parametrize(
    ("edited", "body"),
    [
        (signed(), BODY + b" "),
        (signed(), BODY.replace(b"1", b"2")),
        (signed(), b""),
        (replace(signed(), delivery_id="msg_2"), BODY),
        (replace(signed(), delivery_id="msg_1.1"), BODY),
        (replace(signed(), timestamp=str(int(NOW.timestamp()) + 1)), BODY),
        (replace(signed(), timestamp=f"{int(NOW.timestamp())}.0"), BODY),
        (replace(signed(), timestamp=f" {int(NOW.timestamp())}"), BODY),
        (replace(signed(), timestamp=""), BODY),
        (replace(signed(), delivery_id=""), BODY),
        (replace(signed(), signatures=""), BODY),
        (replace(signed(), signatures=signed().signatures.removeprefix("v1,")), BODY),
        (replace(signed(), signatures=signed().signatures.replace("v1,", "v2,")), BODY),
        (replace(signed(), signatures=signed().signatures.replace("v1,", "v1a,")), BODY),
        (replace(signed(), signatures="v1,"), BODY),
        (replace(signed(), signatures="v1," + base64.b64encode(b"\0" * 32).decode()), BODY),
        (signed(key=OTHER), BODY),
    ],
)
def test_what_was_edited_or_signed_by_another_is_not_genuine(edited: Signed, body: bytes) -> None:
    assert genuine(signed(), BODY, [KEY], NOW)
    assert not genuine(edited, body, [KEY, b"x" * 32], NOW)


@pytest.mark.parametrize(
    ("off", "holds"),
    [(0, True), (299, True), (300, True), (301, False), (-300, True), (-301, False), (86_400, False)],
)
def test_signature_holds_for_five_minutes_either_way(off: int, holds: bool) -> None:
    assert genuine(signed(at=NOW - timedelta(seconds=off)), BODY, [KEY], NOW) is holds


def test_either_of_two_secrets_and_any_of_several_signatures_will_do() -> None:
    both = replace(signed(), signatures=f"v2,abc {signed(key=OTHER).signatures} {signed().signatures}")
    for keys in ([KEY, OTHER], [OTHER, KEY]):
        assert genuine(signed(), BODY, keys, NOW)
        assert genuine(signed(key=OTHER), BODY, keys, NOW)
        assert genuine(both, BODY, keys, NOW)
    assert not genuine(both, BODY, [b"x" * 32, b"y" * 32], NOW)


def test_signatures_beyond_the_eighth_are_not_looked_at() -> None:
    seven = " ".join([signed(key=OTHER).signatures] * 7)
    assert genuine(replace(signed(), signatures=f"{seven} {signed().signatures}"), BODY, [KEY], NOW)
    assert not genuine(replace(signed(), signatures=f"{seven} v1,x {signed().signatures}"), BODY, [KEY], NOW)


@given(delivery_id=st.text(), timestamp=st.text(), signatures=st.text(), body=st.binary())
def test_nonsense_is_refused_not_a_crash(delivery_id: str, timestamp: str, signatures: str, body: bytes) -> None:
    assert not genuine(Signed(delivery_id, timestamp, signatures), body, [KEY, OTHER], NOW)


def test_headers_that_are_missing_are_empty() -> None:
    assert Signed.of({}) == Signed("", "", "")
    headers = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    assert Signed.of(headers) == Signed("a", "1", "v1,x")


def test_secret_is_shown_as_the_specification_says() -> None:
    secret = new_secret()
    assert len(secret) == 32
    assert shown(secret).startswith("whsec_")
    assert key_of(shown(secret)) == secret
