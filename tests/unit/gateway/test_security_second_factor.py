"""One-time passwords a step aside, recovery codes however they are typed, secrets that only open where they belong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.security import CannotOpenError, Sealer
from services.gateway.security.second_factor import (
    enrolment_uri,
    fitting_step,
    new_recovery_codes,
    new_totp_secret,
    plain,
)

NOW = datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(("seconds", "fits"), [(0, True), (-30, True), (30, True), (-60, False), (60, False)])
def test_code_fits_a_step_aside_and_no_further(seconds: int, fits: bool) -> None:
    at = NOW + timedelta(seconds=seconds)
    step = fitting_step(SECRET, pyotp.TOTP(SECRET).at(at), NOW)
    assert step == (int(at.timestamp()) // 30 if fits else None)


@given(st.text(max_size=12))
def test_any_text_is_no_code_and_no_crash(text: str) -> None:
    codes = {pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=aside)) for aside in (-30, 0, 30)}
    assert text in codes or fitting_step(SECRET, plain(text), NOW) is None or plain(text) in codes


def test_application_reads_the_secret_from_the_address() -> None:
    secret = new_totp_secret()
    read = pyotp.parse_uri(enrolment_uri(secret, "pat@group.example", "Northside & Sons"))
    assert (read.secret, read.name, read.issuer) == (secret, "pat@group.example", "DOSO Northside & Sons")
    assert new_totp_secret() != secret


def test_recovery_codes_are_many_long_and_different() -> None:
    codes = new_recovery_codes()
    assert len({plain(code) for code in codes}) == 10
    assert all(len(plain(code)) == 24 for code in codes)
    assert plain(f" {codes[0].upper().replace('-', ' ')} ") == plain(codes[0])


def test_sealed_secret_opens_for_its_owner_only() -> None:
    sealer = Sealer(Sealer.new_key())
    sealed = sealer.seal("secret", "a/1")
    assert b"secret" not in sealed
    assert sealer.seal("secret", "a/1") != sealed
    assert sealer.open(sealed, "a/1") == "secret"
    for changed, owner in ((sealed, "a/2"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), "a/1"), (b"", "a/1")):
        with pytest.raises(CannotOpenError):
            sealer.open(changed, owner)


def test_encryption_key_is_replaced_while_the_old_one_still_opens() -> None:
    old, new = Sealer.new_key(), Sealer.new_key()
    sealed = Sealer(old).seal("secret", "a")
    both = Sealer(f"{new}, {old}")
    assert both.open(sealed, "a") == "secret"
    assert Sealer(new).open(both.seal("secret", "a"), "a") == "secret"
    with pytest.raises(CannotOpenError):
        Sealer(new).open(sealed, "a")


@pytest.mark.parametrize("keys", ["", " , ", "short", "c2hvcnQ=", "*" * 44])
def test_what_is_no_encryption_key_is_refused(keys: str) -> None:
    with pytest.raises(ValueError, match="encryption key"):
        Sealer(keys)
