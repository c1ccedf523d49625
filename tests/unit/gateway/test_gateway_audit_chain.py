"""The audit chain: whatever is done to its rows afterwards shows, at its place and with the reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.audit_chain import GENESIS, Chain, Entry, plain

FIXED = "bd931ec334b1d9f82f6fc5985616adeb7b93bed52f8585f0a62d679dab255ab9"
TENANT, OTHER = UUID(int=7), UUID(int=8)
START = datetime(2026, 3, 2, 15, 4, 5, 123456, UTC)


def trail(length: int, tenant: UUID = TENANT) -> list[tuple[Entry, str]]:
    rows: list[tuple[Entry, str]] = []
    for n in range(1, length + 1):
        entry = Entry(
            tenant, n, START + timedelta(seconds=n), f"actor {n % 3}", "policy.set", "tenant", {"version": n},
            "192.0.2.7", f"request-{n}", rows[-1][1] if rows else GENESIS,
        )  # fmt: skip
        rows.append((entry, entry.digest()))
    return rows


def checked(rows: list[tuple[Entry, str]], first: int = 1) -> Chain:
    chain = Chain(TENANT, first)
    for entry, stored in rows:
        chain.add(entry, stored)
    return chain


def test_an_untouched_trail_holds_to_its_head() -> None:
    rows = trail(20)
    chain = checked(rows)
    assert (chain.broken, chain.rows, chain.head) == (None, 20, rows[-1][1])
    assert checked([]).head == GENESIS


CHANGES = {
    "tenant_id": OTHER, "at": START, "actor": "somebody", "action": "policy.read", "subject": "x",
    "details": {"version": 0}, "client": None, "request_id": None, "previous": GENESIS[:-1] + "1",
}  # fmt: skip


@pytest.mark.parametrize("field", [name for name in Entry.__dataclass_fields__ if name != "seq"])
@given(place=st.integers(1, 12))
def test_a_changed_field_breaks_the_chain_at_its_row(field: str, place: int) -> None:
    rows = trail(12)
    entry, stored = rows[place - 1]
    rows[place - 1] = (replace(entry, **{field: CHANGES[field]}), stored)
    chain = checked(rows)
    assert chain.broken is not None
    assert chain.broken.seq == place


@given(place=st.integers(1, 12))
def test_a_row_rewritten_with_a_fitting_hash_breaks_the_chain_at_the_next(place: int) -> None:
    rows = trail(13)
    forged = replace(rows[place - 1][0], actor="somebody else")
    rows[place - 1] = (forged, forged.digest())
    chain = checked(rows)
    assert chain.broken is not None
    assert chain.broken.seq == place + 1
    assert "does not follow" in chain.broken.reason


@given(place=st.integers(1, 11), many=st.integers(1, 3))
def test_rows_taken_out_are_named(place: int, many: int) -> None:
    rows = trail(15)
    del rows[place - 1 : place - 1 + many]
    chain = checked(rows)
    assert chain.broken is not None
    assert chain.broken.seq == place
    assert "missing" in chain.broken.reason


@given(order=st.permutations(range(6)))
def test_rows_in_any_other_order_do_not_hold(order: list[int]) -> None:
    rows = trail(6)
    assert (checked([rows[n] for n in order]).broken is None) == (order == sorted(order))


def test_a_row_that_is_there_twice_and_one_of_another_tenant_do_not_hold() -> None:
    rows = trail(3)
    twice = checked([*rows, rows[-1]]).broken
    assert twice is not None
    assert "twice" in twice.reason
    foreign = checked(trail(1, OTHER)).broken
    assert foreign is not None
    assert "belongs to tenant" in foreign.reason


def test_a_part_holds_from_where_it_is_said_to_begin_and_nowhere_else() -> None:
    rows = trail(9)
    assert checked(rows[3:], first=4).broken is None
    for first in (1, 3, 5):
        assert checked(rows[3:], first=first).broken is not None


def test_a_tail_that_was_cut_off_leaves_another_head() -> None:
    rows = trail(9)
    chain = checked(rows[:7])
    assert chain.broken is None
    assert chain.head != rows[-1][1]


def test_the_hash_is_the_same_wherever_and_whenever_it_is_computed() -> None:
    entry = trail(1)[0][0]
    # Fixed for good: a change of the encoding would make every trail ever written look forged.
    assert entry.digest() == FIXED
    abroad = replace(entry, at=entry.at.astimezone(timezone(timedelta(hours=-7))), details=dict(entry.details))
    assert abroad.digest() == entry.digest()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(allow_nan=False) | st.uuids(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=JSON)
def test_what_is_written_reads_back_from_json_exactly(value: object) -> None:
    written = plain(value)
    text = json.dumps(written)
    assert json.loads(text) == written
    assert "\\u0000" not in text
    assert plain(written) == written


def test_numbers_that_storage_would_write_another_way_become_text() -> None:
    assert plain({"price": Decimal("10.50"), "rate": 1e20, "n": 3, "yes": True, "ids": {UUID(int=1)}}) == {
        "price": "10.50", "rate": "1e+20", "n": 3, "yes": True, "ids": [str(UUID(int=1))],
    }  # fmt: skip
