"""The secrets of a source that verify a delivery, as they are rotated and as encryption keys are replaced."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.gateway.api.source_access import keys_of, row_name
from services.gateway.security import CannotOpenError, Sealer
from services.gateway.signing import new_secret, shown
from services.gateway.store.sources import Source

NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)
TENANT = UUID(int=9)
OLD, NEW = Sealer.new_key(), Sealer.new_key()
FIRST, SECOND = new_secret(), new_secret()


def sealed(secret: bytes, key: str = OLD) -> bytes:
    return Sealer(key).seal(shown(secret), row_name(TENANT, "src1"))


SOURCE = Source(TENANT, "src1", "DMS", "canonical", "signature", "active", None, sealed(FIRST), NOW)
ROTATED = replace(
    SOURCE, secret=sealed(SECOND), previous_secret=sealed(FIRST), previous_until=NOW + timedelta(hours=24)
)


def test_only_secret_stands_beside_one_that_fits_nothing() -> None:
    first, decoy = keys_of(SOURCE, Sealer(OLD), NOW)
    assert first == FIRST
    assert decoy not in {FIRST, *keys_of(SOURCE, Sealer(OLD), NOW)}


def test_previous_secret_works_until_its_time() -> None:
    assert keys_of(ROTATED, Sealer(OLD), NOW + timedelta(hours=23, minutes=59)) == [SECOND, FIRST]
    for later in (timedelta(hours=24), timedelta(days=9)):
        current, decoy = keys_of(ROTATED, Sealer(OLD), NOW + later)
        assert (current, decoy == FIRST) == (SECOND, False)


def test_expired_secret_under_a_key_that_is_gone_harms_nothing() -> None:
    source = replace(ROTATED, secret=sealed(SECOND, NEW), previous_until=NOW)
    assert keys_of(source, Sealer(NEW), NOW)[0] == SECOND


def test_previous_secret_under_a_key_that_is_gone_fits_nothing_and_the_current_one_works() -> None:
    source = replace(ROTATED, secret=sealed(SECOND, NEW), previous_until=NOW + timedelta(hours=1))
    current, other = keys_of(source, Sealer(NEW), NOW)
    assert current == SECOND
    assert other not in {FIRST, *keys_of(source, Sealer(NEW), NOW)}


def test_current_secret_under_a_key_that_is_gone_is_told() -> None:
    with pytest.raises(CannotOpenError):
        keys_of(ROTATED, Sealer(NEW), NOW)


def test_secret_of_another_source_does_not_open() -> None:
    with pytest.raises(CannotOpenError):
        keys_of(replace(SOURCE, source_id="src2"), Sealer(OLD), NOW)


def test_secrets_are_not_shown_where_a_source_is_printed() -> None:
    assert repr(ROTATED.secret) not in repr(ROTATED)
    assert repr(ROTATED.previous_secret) not in repr(ROTATED)
