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
    polled_seconds_ago=0.2,
)
BEHIND = replace(IDLE, partitions={"topic-0": PartitionProgress(position=7, lag=3)})
SILENT = replace(IDLE, polled_seconds_ago=30.0)


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
        (replace(IDLE, polled_seconds_ago=None), "nothing heard from the broker for 90 s"),
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
        (replace(IDLE, assigned=(), partitions={}, polled_seconds_ago=None), False),
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
    assert standstill.look(replace(SILENT, polled_seconds_ago=3600.0), 3600.0, at_work=False) is None


def test_patience_begins_anew_when_told_so() -> None:
    standstill, _ = watched(SILENT, AFTER - 1)
    standstill.begin()
    assert standstill.look(SILENT, AFTER, at_work=False) is None


def test_a_broker_that_may_hold_its_answer_for_longer_is_waited_for() -> None:
    standstill = Standstill(every=LOOKS, after=AFTER, heard_within=40.0)
    for now in range(int(10 * AFTER)):
        assert standstill.look(SILENT, float(now), at_work=False) is None
