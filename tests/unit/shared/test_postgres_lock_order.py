"""The order in which rows are locked is one for everybody: the order of PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.postgres import lock_order

KEYS = st.lists(st.tuples(st.uuids(), st.text("ABC0189:éß\uffee😀", max_size=4)), unique=True)


@given(KEYS)
def test_keys_stand_by_tenant_and_then_by_name_as_bytes_do(keys: list[tuple[UUID, str]]) -> None:
    as_the_database_has_them = sorted(keys, key=lambda key: (key[0].bytes, key[1].encode()))
    assert sorted(keys, key=lock_order) == as_the_database_has_them
