"""Secrets at rest: unreadable, bound to their row, and their keys can be replaced."""

from __future__ import annotations

import pytest

from services.gateway.sealing import Seal, SealError

OLD, NEW = Seal.new_key(), Seal.new_key()
SECRET = b"what nobody else should read"


def test_what_was_sealed_opens_for_its_row_only() -> None:
    seal = Seal(OLD)
    sealed = seal.close(SECRET, "row 1")
    assert SECRET not in sealed
    assert sealed != seal.close(SECRET, "row 1")
    assert seal.open(sealed, "row 1") == SECRET
    with pytest.raises(SealError, match="row 2"):
        seal.open(sealed, "row 2")


def test_keys_are_replaced_one_after_the_other() -> None:
    before = Seal(OLD).close(SECRET, "row")
    both = Seal(f"{NEW}, {OLD}")
    assert both.open(before, "row") == SECRET
    after = both.close(SECRET, "row")
    assert Seal(NEW).open(after, "row") == SECRET
    with pytest.raises(SealError):
        Seal(NEW).open(before, "row")


@pytest.mark.parametrize("place", [0, 12, -1])
def test_edited_bytes_do_not_open(place: int) -> None:
    sealed = bytearray(Seal(OLD).close(SECRET, "row"))
    sealed[place] ^= 1
    with pytest.raises(SealError):
        Seal(OLD).open(bytes(sealed), "row")


@pytest.mark.parametrize("sealed", [b"", b"short", b"\0" * 40])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealError):
        Seal(OLD).open(sealed, "row")


@pytest.mark.parametrize("keys", ["", "nonsense", OLD[:-4], f"{OLD},", "A" * 64])
def test_keys_of_another_form_are_refused_when_the_gateway_starts(keys: str) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        Seal(keys)
