"""In whatever order, and in whatever batches, reports arrive: the vehicle they describe is the same."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain import Change, Life, fold, is_late, refold

KEY = "1M8GDM9AXKP042788"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DEALERS = (UUID(int=1), UUID(int=2), UUID(int=3))
KINDS = (
    "vehicle.stocked", "vehicle.updated", "vehicle.priced", "vehicle.transferred", "vehicle.sold", "vehicle.sale_unwound",
    "vehicle.wholesaled", "vehicle.departed", "order.placed", "order.received", "order.fulfilled", "engagement.daily",
)  # fmt: skip
MONEY = st.integers(1, 40).map(lambda thousands: Decimal(thousands * 500))
DAYS = st.integers(0, 60).map(lambda day: (START + timedelta(days=day)).date())
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "list_price": MONEY,
        "cost": MONEY,
        "sale_price": MONEY,
        "front_gross": MONEY,
        "stock_date": DAYS,
        "sale_date": DAYS,
        "make": st.sampled_from(["Audi", "Ford"]),
        "purchase_type": st.sampled_from(["retail", "wholesale"]),
        "destination_dealer_id": st.sampled_from(DEALERS),
        "quantity": st.integers(1, 3),
        "leads": st.integers(0, 9),
        "availability": st.sampled_from(["available", "pending", "held"]),
    },
)


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Up to ten reports, some at the very same moment."""
    count = draw(st.integers(1, 10))
    changes = []
    for number in range(count):
        at = START + timedelta(hours=draw(st.integers(0, 24 * 60)) // 12 * 12)
        kind, dealer = draw(st.sampled_from(KINDS)), draw(st.sampled_from(DEALERS))
        changes.append(Change(UUID(int=draw(st.integers(0, 99)) * 100 + number), at, kind, dealer, draw(FACTS), at))
    return changes


def take_in(batches: list[list[Change]]) -> Life:
    """Take batches in as the service does: later reports are folded on, a late one folds the whole history anew."""
    history: list[Change] = []
    life: Life | None = None
    for batch in batches:
        history += batch
        late = life is not None and is_late(life, batch)
        life = fold(KEY, None, history) if late else fold(KEY, life, batch)
    assert life is not None
    return life


@given(histories(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter_to_a_whole_fold(changes: list[Change], random: object) -> None:
    shuffled = list(changes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(KEY, None, shuffled) == fold(KEY, None, sorted(changes, key=lambda c: (c.at, c.event_id)))


@given(histories(), st.data())
def test_batches_in_any_order_end_in_the_state_of_a_whole_fold(changes: list[Change], data: st.DataObject) -> None:
    arrived = data.draw(st.permutations(changes))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(arrived) - 1)))))
    edges = [0, *(cut for cut in cuts if cut < len(arrived)), len(arrived)]
    batches = [arrived[start:end] for start, end in itertools.pairwise(edges)]
    assert take_in(batches) == fold(KEY, None, changes)


@given(histories(), st.integers(1, 9))
def test_folding_later_reports_on_equals_folding_all(changes: list[Change], cut: int) -> None:
    ordered = sorted(changes, key=lambda change: change.order)
    cut = min(cut, len(ordered))
    before = fold(KEY, None, ordered[:cut])
    life = fold(KEY, before, ordered[cut:]) if ordered[cut:] else before
    assert life == fold(KEY, None, ordered)


@given(histories())
def test_group_age_never_starts_after_store_age(changes: list[Change]) -> None:
    vehicle = fold(KEY, None, changes).vehicle
    if vehicle.stock_date is not None and vehicle.group_stock_date is not None:
        assert vehicle.group_stock_date <= vehicle.stock_date


@given(histories())
def test_a_vehicle_that_left_has_a_day_for_it_and_one_in_stock_has_none(changes: list[Change]) -> None:
    vehicle = fold(KEY, None, changes).vehicle
    gone = vehicle.status.value in {"sold", "wholesaled", "departed"}
    assert (vehicle.exit_date is not None) == gone


@given(histories())
def test_at_most_one_standing_sale_a_day(changes: list[Change]) -> None:
    life = fold(KEY, None, changes)
    standing = [line.sale_date for line in life.sales if line.unwound_on is None]
    assert len(standing) == len(set(standing))


def test_a_report_of_the_same_moment_may_belong_before_the_newest_or_be_it_sent_again() -> None:
    first = Change(UUID(int=5), START, "vehicle.priced", DEALERS[0], {"list_price": Decimal(1)}, START)
    life = fold(KEY, None, [first])
    for event_id, received in ((4, START), (5, START + timedelta(days=60)), (6, START - timedelta(hours=1))):
        assert is_late(life, [replace(first, event_id=UUID(int=event_id), received_at=received)])
    assert not is_late(life, [replace(first, event_id=UUID(int=4), at=START + timedelta(seconds=1))])
    again = replace(first, received_at=START + timedelta(days=60))
    assert refold(KEY, [first], [again]) == life


def test_of_one_moment_what_was_received_later_holds() -> None:
    first = Change(UUID(int=5), START, "vehicle.priced", DEALERS[0], {"list_price": Decimal(1)}, START)
    later = replace(
        first, event_id=UUID(int=4), facts={"list_price": Decimal(2)}, received_at=START + timedelta(hours=1)
    )
    assert fold(KEY, None, [later, first]).vehicle.list_price == Decimal(2)
