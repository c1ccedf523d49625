"""How much of what is given up a turn may claim, by how its tries went and how long they took."""

from __future__ import annotations

import pytest

from shared.messaging.given_up import REST_SECONDS, TURN_SECONDS, GivenUpShare

MOST = 32


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def share(clock: Clock) -> GivenUpShare:
    return GivenUpShare(MOST, clock=clock)


def test_it_grows_to_twice_of_what_healed_and_no_further_than_a_batch(share: GivenUpShare) -> None:
    sizes = []
    for _ in range(7):
        sizes.append(share.size)
        share.succeeded(share.size, 0.0)
    assert sizes == [1, 2, 4, 8, 16, 32, 32]


def test_it_shrinks_where_a_turn_took_longer_than_it_may(share: GivenUpShare) -> None:
    share.succeeded(16, 2 * TURN_SECONDS)
    assert share.size == 8
    share.succeeded(1, 100 * TURN_SECONDS)
    assert share.size == 1


def test_what_fails_takes_a_tenth_of_the_time_and_one_is_tried_then(share: GivenUpShare, clock: Clock) -> None:
    share.succeeded(16, 0.0)
    began, failing, tries = clock.now, 0.0, 0
    while clock.now - began < 36_000:
        if share.size:
            assert share.size == 1 or not tries
            clock.now += 30.0
            failing, tries = failing + 30.0, tries + 1
            share.failed(30.0)
        else:
            clock.now += 1.0
    assert tries > 100, "it is tried again and again all the same"
    assert 0.08 < failing / (clock.now - began) < 0.1


def test_a_success_after_a_failure_has_it_grow_anew(share: GivenUpShare, clock: Clock) -> None:
    share.succeeded(16, 0.0)
    share.failed(0.1)
    assert share.size == 0
    clock.now += 2.0
    assert share.size == 1
    share.succeeded(1, 0.0)
    assert share.size == 2


def test_however_long_a_failure_took_it_is_tried_again_within_an_hour(share: GivenUpShare, clock: Clock) -> None:
    share.failed(36_000.0)
    clock.now += REST_SECONDS
    assert share.size == 1


def test_what_is_away_is_looked_for_again_when_it_is_to_be(share: GivenUpShare, clock: Clock) -> None:
    share.succeeded(16, 0.0)
    share.postponed(5.0)
    assert share.size == 0
    clock.now += 5.0
    assert share.size == 1
