"""Secrets at rest: unreadable, bound to their row, and their keys can be replaced."""

from __future__ import annotations

import pytest

from services.gateway.sealing import CannotOpenError, Sealer

OLD, NEW = Sealer.new_key(), Sealer.new_key()
SECRET = "what nobody else should read"


def test_what_was_sealed_opens_for_its_row_only() -> None:
    sealer = Sealer(OLD)
    sealed = sealer.seal(SECRET, "row 1")
    assert SECRET.encode() not in sealed
    assert sealed != sealer.seal(SECRET, "row 1")
    assert sealer.open(sealed, "row 1") == SECRET
    with pytest.raises(CannotOpenError, match="row 2"):
        sealer.open(sealed, "row 2")


def test_keys_are_replaced_one_after_the_other() -> None:
    before = Sealer(OLD).seal(SECRET, "row")
    both = Sealer(f"{NEW}, {OLD}")
    assert both.open(before, "row") == SECRET
    after = both.seal(SECRET, "row")
    assert Sealer(NEW).open(after, "row") == SECRET
    with pytest.raises(CannotOpenError):
        Sealer(NEW).open(before, "row")


@pytest.mark.parametrize("place", [0, 12, -1])
def test_edited_bytes_do_not_open(place: int) -> None:
    sealed = bytearray(Sealer(OLD).seal(SECRET, "row"))
    sealed[place] ^= 1
    with pytest.raises(CannotOpenError):
        Sealer(OLD).open(bytes(sealed), "row")


@pytest.mark.parametrize("sealed", [b"", b"short", b"\0" * 40])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(CannotOpenError):
        Sealer(OLD).open(sealed, "row")


@pytest.mark.parametrize("keys", ["", "nonsense", OLD[:-4], f"{OLD},", "A" * 64])
def test_keys_of_another_form_are_refused_when_the_gateway_starts(keys: str) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        Sealer(keys)
