"""Places: a few in all, fewer for each, given back however it ends."""

from __future__ import annotations

from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.limits.places import NoPlace, Places


def test_one_client_never_has_all_places() -> None:
    places = Places(3)
    with places.taken({"a": 2}), places.taken({"a": 2}):
        with pytest.raises(NoPlace) as own, places.taken({"a": 2}):
            pass
        with places.taken({"b": 2}), pytest.raises(NoPlace) as everybody, places.taken({"c": 2}):
            pass
    assert (own.value.whose, own.value.most) == ("own", 2)
    assert (everybody.value.whose, everybody.value.most) == ("all", 3)


def test_a_place_is_given_back_after_an_error() -> None:
    places = Places(1)
    for _ in range(3):
        with suppress(ZeroDivisionError), places.taken({"a": 1}):
            raise ZeroDivisionError


def test_a_place_counts_for_everybody_whose_it_is() -> None:
    places = Places(10)
    with places.taken({"source": 5, "group": 2}), places.taken({"other source": 5, "group": 2}):
        with pytest.raises(NoPlace) as group, places.taken({"third source": 5, "group": 2}):
            pass
        with places.taken({"third source": 5, "another group": 2}):
            pass
    assert (group.value.whose, group.value.most) == ("own", 2)


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.integers(1, 6), st.integers(1, 6))
def test_neither_number_is_ever_exceeded_and_all_are_free_afterwards(
    clients: list[str], most: int, each: int
) -> None:
    places = Places(most)
    with ExitStack() as stack:
        inside: list[str] = []
        for client in clients:
            full = len(inside) >= most or inside.count(client) >= each
            if full:
                with pytest.raises(NoPlace):
                    stack.enter_context(places.taken({client: each}))
            else:
                stack.enter_context(places.taken({client: each}))
                inside.append(client)
    with ExitStack() as stack:
        for number in range(most):
            stack.enter_context(places.taken({number: 1}))
