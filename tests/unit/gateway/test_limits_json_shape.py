"""Judging JSON by its bytes agrees with what a parser would find, and costs next to nothing."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.limits.json_shape import objection

MEBIBYTE = 1024 * 1024
LIMITS = {"depth": 4, "values": 20, "digits": 6}

texts = st.text(alphabet='[]{}",\\\n0123456789 aé', max_size=12)
documents = st.recursive(
    st.none() | st.integers(-(10**9), 10**9) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=30,
)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


def commas_of(value: Any) -> int:
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return max(0, len(parts) - 1) + sum(map(commas_of, parts))


def digits_of(value: Any) -> int:
    if isinstance(value, dict | list):
        return max(map(digits_of, value.values() if isinstance(value, dict) else value), default=0)
    return len(str(abs(value))) if isinstance(value, int) else 0


@given(documents, st.sampled_from([None, 1]))
def test_exactly_what_exceeds_a_limit_is_objected_to(document: Any, indent: int | None) -> None:
    body = json.dumps(document, indent=indent, ensure_ascii=False).encode()
    exceeds = depth_of(document) > 4 or commas_of(document) > 20 or digits_of(document) > 6
    assert (objection(body, **LIMITS) is not None) == exceeds


@given(st.lists(documents, min_size=1, max_size=5))
def test_each_json_line_is_as_deep_as_it_is_by_itself(items: list[Any]) -> None:
    body = "\n".join(json.dumps(item) for item in items).encode()
    exceeds = max(map(depth_of, items)) > 4
    assert (objection(body, depth=4, values=10**6, digits=100, lines=True) is not None) == exceeds


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",\\\n1a', max_size=200).map(str.encode))
def test_anything_at_all_is_judged(body: bytes) -> None:
    for lines in (False, True):
        assert objection(body, **LIMITS, lines=lines) in {None, *(objection(body, **LIMITS, lines=lines),)}


@pytest.mark.parametrize(
    "body",
    [b"[" * 5, b'{"a":' * 5, b"[\n" * 5, b'["x",' * 6 + b"]", b"[" * 5 + b"]" * 5, b"[{}" * 5],
    ids=["open", "objects", "lines between", "strings between", "closed", "siblings"],
)
def test_nesting_is_refused_whether_or_not_it_is_closed(body: bytes) -> None:
    assert "nested more than 4" in str(objection(body, **LIMITS))


@pytest.mark.parametrize(
    "body", [rb'{"a": "\\[[[[["}', rb'{"a": "\"[[[[[[\""}', b'{"vin": "123456789012"}', rb'["\\\\", "[[[[[\\"]'],
    ids=["backslash", "quote", "digits in a string", "runs of backslashes"],
)  # fmt: skip
def test_what_stands_in_a_string_is_no_structure(body: bytes) -> None:
    json.loads(body)
    assert objection(body, **LIMITS) is None


def test_a_line_that_is_broken_off_does_not_condemn_its_neighbours() -> None:
    whole = b'{"data": {"vin": "X"}}'
    body = b"\n".join([whole, b'{"data": {"vin": "', whole, b'[[[[ "', whole] * 3)
    assert objection(body, depth=4, values=20, digits=20, lines=True) is None


@pytest.mark.parametrize(
    "unit",
    [b"[", b"]", b"[}", b'"', b"\\", b'\\"', b'"[', b"[]", b"1", b'{"a":', b",", b"\n[", b'["\\\\",'],
    ids=repr,
)
def test_hostile_bodies_of_a_megabyte_are_judged_in_proportion(unit: bytes) -> None:
    def seconds(size: int) -> float:
        body = unit * (size // len(unit))
        began = time.process_time()
        for lines in (False, True):
            objection(body, depth=32, values=250_000, digits=64, lines=lines)
        return time.process_time() - began

    # Sixteen times as much takes sixteen times as long; 256 times, if what was seen before were looked at again. A
    # machine that does other things as well may spoil a try or two.
    assert any(seconds(MEBIBYTE) < 64 * seconds(MEBIBYTE // 16) for _ in range(5))
