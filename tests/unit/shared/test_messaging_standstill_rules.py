"""When a consumer counts as standing still, as time goes by."""

from dataclasses import replace

import pytest

from shared.messaging.standstill import Standstill
from shared.observability import ConsumerSnapshot
from shared.observability.consumers import PartitionProgress

LOOKS = 1.0
AFTER = 90.0
IDLE = ConsumerSnapshot(
    running=True,
    joined=True,
    partitions={"topic-0": PartitionProgress(position=7, lag=0)},
    assigned=("topic-0",),
    heard={"topic-0": 0.2},
)
BEHIND = replace(IDLE, partitions={"topic-0": PartitionProgress(position=7, lag=3)})
SILENT = replace(IDLE, heard={"topic-0": 30.0})


def watched(snapshot: ConsumerSnapshot, seconds: float, *, at_work: bool = False) -> tuple[Standstill, str | None]:
    """Give the verdict on a consumer that stays as it is."""
    standstill = Standstill(every=LOOKS, after=AFTER)
    reason = None
    for now in range(int(seconds) + 1):
        reason = standstill.look(snapshot, float(now), at_work=at_work)
    return standstill, reason


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        (SILENT, "nothing heard from the broker for 90 s"),
        (replace(IDLE, heard={"topic-0": None}), "nothing heard from the broker for 90 s"),
        (BEHIND, "3 records ahead and none taken in for 90 s"),
        (replace(IDLE, joined=False), "not in its group for 90 s"),
        (replace(IDLE, running=False), "not running for 90 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_that_should_move_and_does_not_is_started_anew_in_time_and_not_before(snapshot, reason) -> None:
    assert watched(snapshot, AFTER - 1)[1] is None
    assert not watched(snapshot, AFTER - 1)[0].well
    assert watched(snapshot, AFTER)[1] == reason


@pytest.mark.parametrize(
    ("snapshot", "at_work"),
    [
        (IDLE, False),
        (BEHIND, True),
        (SILENT, True),
        (replace(IDLE, assigned=(), partitions={}, heard={}), False),
    ],
    ids=["idle topics", "a long batch", "a long batch, and all partitions with records waiting", "a spare"],
)
def test_one_that_rightly_does_nothing_is_left_alone(snapshot, at_work) -> None:
    standstill, reason = watched(snapshot, 10 * AFTER, at_work=at_work)
    assert reason is None
    assert standstill.well


def test_a_task_that_died_is_reason_enough_at_once() -> None:
    dead = replace(IDLE, failure="its coordinator died: cancelled")
    assert watched(dead, 0, at_work=True)[1] == "its coordinator died: cancelled"


def test_one_that_goes_on_slowly_is_left_alone() -> None:
    standstill = Standstill(every=LOOKS, after=AFTER)
    for now in range(int(10 * AFTER)):
        slow = replace(IDLE, partitions={"topic-0": PartitionProgress(position=now // 80, lag=1000)})
        assert standstill.look(slow, float(now), at_work=False) is None


def test_records_that_come_while_it_takes_in_none_are_no_progress() -> None:
    standstill = Standstill(every=LOOKS, after=AFTER)
    for now in range(int(AFTER) + 2):
        more = replace(IDLE, partitions={"topic-0": PartitionProgress(position=7, lag=1 + now)})
        reason = standstill.look(more, float(now), at_work=False)
    assert reason is not None


def test_rejoining_again_and_again_is_no_standstill_while_something_is_read_between() -> None:
    standstill = Standstill(every=LOOKS, after=AFTER)
    for now in range(int(10 * AFTER)):
        rejoining = replace(IDLE, joined=now % 60 == 0)
        assert standstill.look(rejoining, float(now), at_work=False) is None


def test_the_time_that_its_process_was_frozen_does_not_count() -> None:
    standstill = Standstill(every=LOOKS, after=AFTER)
    assert standstill.look(IDLE, 0.0, at_work=False) is None
    assert standstill.look(replace(SILENT, heard={"topic-0": 3600.0}), 3600.0, at_work=False) is None


def test_patience_begins_anew_when_told_so() -> None:
    standstill, _ = watched(SILENT, AFTER - 1)
    standstill.begin()
    assert standstill.look(SILENT, AFTER, at_work=False) is None


def test_a_broker_that_may_hold_its_answer_for_longer_is_waited_for() -> None:
    standstill = Standstill(every=LOOKS, after=AFTER, heard_within=40.0)
    for now in range(int(10 * AFTER)):
        assert standstill.look(SILENT, float(now), at_work=False) is None


TWO = replace(
    IDLE,
    partitions={"topic-0": PartitionProgress(position=7, lag=0), "topic-1": PartitionProgress(position=4, lag=0)},
    assigned=("topic-0", "topic-1"),
    heard={"topic-0": 0.2, "topic-1": 0.2},
)


@pytest.mark.parametrize("at_work_each", [None, 2], ids=["the other idle", "the other in use"])
def test_a_partition_that_is_not_answered_stands_still_though_another_is(at_work_each: int | None) -> None:
    standstill = Standstill(every=LOOKS, after=AFTER)
    told = {}
    for now in range(4 * int(AFTER)):
        busy = at_work_each is not None and now % at_work_each == 0
        moving = PartitionProgress(position=7 + (now if at_work_each else 0), lag=0)
        one = replace(
            TWO,
            partitions={**TWO.partitions, "topic-0": moving},
            heard={"topic-0": 0.2, "topic-1": float(now)},
        )
        told[now] = standstill.look(one, float(now), at_work=busy)
        if told[now]:
            break
    assert told.popitem()[1] == "topic-1: nothing heard from the broker for 90 s"
    assert standstill.still == ("topic-1",)
    assert not standstill.well
    assert set(told.values()) == {None}
    assert len(told) >= AFTER * (at_work_each or 1)


def test_a_partition_that_nothing_is_taken_in_of_stands_still_though_another_moves() -> None:
    standstill = Standstill(every=LOOKS, after=AFTER)
    for now in range(int(AFTER) + 1):
        partitions = {"topic-0": PartitionProgress(position=now, lag=9), "topic-1": PartitionProgress(4, lag=2)}
        reason = standstill.look(replace(TWO, partitions=partitions), float(now), at_work=False)
    assert reason == "topic-1: 2 records ahead and none taken in for 90 s"


def test_partitions_that_take_turns_are_left_alone() -> None:
    standstill = Standstill(every=LOOKS, after=AFTER)
    for now in range(int(10 * AFTER)):
        turn = now // 60 % 2
        partitions = {
            f"topic-{number}": PartitionProgress(position=now if number == turn else turn * 1000, lag=9)
            for number in (0, 1)
        }
        assert standstill.look(replace(TWO, partitions=partitions), float(now), at_work=False) is None


def test_a_paused_partition_is_not_waited_for() -> None:
    paused = replace(TWO, partitions={"topic-0": TWO.partitions["topic-0"]}, heard={"topic-0": 0.2})
    standstill, reason = watched(paused, 10 * AFTER)
    assert (reason, standstill.well) == (None, True)


def test_a_partition_that_stands_still_at_work_is_in_doubt_and_nothing_more() -> None:
    behind = replace(TWO, heard={"topic-0": 0.2, "topic-1": 30.0})
    standstill, reason = watched(behind, AFTER, at_work=True)
    assert (reason, standstill.still, standstill.doubtful) == (None, (), ("topic-1",))
    assert watched(behind, AFTER - 1, at_work=True)[0].doubtful == ()
    standstill.begin()
    assert standstill.doubtful == ()


@pytest.mark.parametrize("leaderless", [{"topic-1"}, {"topic-0", "topic-1"}], ids=["one", "all"])
def test_a_partition_known_to_have_no_leader_is_not_waited_for(leaderless: set[str]) -> None:
    heard = {name: 30.0 if name in leaderless else 0.2 for name in TWO.assigned}
    standstill, reason = watched(replace(TWO, heard=heard, leaderless=frozenset(leaderless)), 10 * AFTER)
    assert (reason, standstill.well, standstill.doubtful) == (None, True, ())


def test_all_that_have_a_leader_standing_still_is_the_whole_consumer_standing_still() -> None:
    silent = replace(TWO, heard={"topic-0": 30.0, "topic-1": 30.0}, leaderless=frozenset({"topic-1"}))
    standstill, reason = watched(silent, AFTER)
    assert (reason, standstill.still) == ("nothing heard from the broker for 90 s", ("topic-0",))
