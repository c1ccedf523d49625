"""Places: a few in all, fewer for each, given back however it ends."""

from __future__ import annotations

from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.limits.places import NoPlace, Places


def test_one_client_never_has_all_places() -> None:
    places = Places(most=3, most_each=2)
    with places.taken("a"), places.taken("a"):
        with pytest.raises(NoPlace) as own, places.taken("a"):
            pass
        with places.taken("b"), pytest.raises(NoPlace) as everybody, places.taken("c"):
            pass
    assert (own.value.whose, own.value.most) == ("own", 2)
    assert (everybody.value.whose, everybody.value.most) == ("all", 3)


def test_a_place_is_given_back_after_an_error() -> None:
    places = Places(most=1, most_each=1)
    for _ in range(3):
        with suppress(ZeroDivisionError), places.taken("a"):
            raise ZeroDivisionError


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.integers(1, 6), st.integers(1, 6))
def test_neither_number_is_ever_exceeded_and_all_are_free_afterwards(
    clients: list[str], most: int, each: int
) -> None:
    places = Places(most, each)
    with ExitStack() as stack:
        inside: list[str] = []
        for client in clients:
            full = len(inside) >= most or inside.count(client) >= each
            if full:
                with pytest.raises(NoPlace):
                    stack.enter_context(places.taken(client))
            else:
                stack.enter_context(places.taken(client))
                inside.append(client)
    with ExitStack() as stack:
        for number in range(most):
            stack.enter_context(places.taken(number))
