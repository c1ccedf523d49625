"""What inventory tells of a car that comes and goes: forecast knows every sale, once, in whichever order it hears."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.forecast.domain.stays import Visit, revisit
from services.inventory.domain import Change, Life, Status, Vehicle, fold, is_late, refold

if TYPE_CHECKING:
    from random import Random

KEY = "1M8GDM9AXKP042788"
FIRST = date(2025, 1, 1)
Told = tuple[Vehicle, date | None]


@st.composite
def reports(draw: st.DrawFn) -> list[Change]:
    """Draw what is reported of a car that goes from rooftop to rooftop, in order: stocked, sent on, counted, sold."""
    told: list[Change] = []
    here, day, there, since = 0, 0, False, FIRST
    before: list[date] = []  # the days of stays that ended by a sale: some systems carry them on to the next one

    def report(kind: str, **facts: Any) -> None:
        at = datetime(FIRST.year, FIRST.month, FIRST.day, 15, tzinfo=UTC) + timedelta(days=day)
        told.append(Change(UUID(int=len(told)), at, kind, UUID(int=here), facts, at))

    for _ in range(draw(st.integers(1, 5))):
        day += draw(st.integers(0, 40))
        on = FIRST + timedelta(days=day)
        if not there:
            here, there = draw(st.integers(1, 3)), True
            since = on
            report("vehicle.stocked", stock_date=draw(st.sampled_from([on, *before])))
            if before and draw(st.booleans()):
                day += draw(st.integers(0, 10))
                report("vehicle.sale_unwound")  # told when the car is back already
                before.pop()
        else:
            to = draw(st.integers(1, 3))
            report("vehicle.transferred", destination_dealer_id=UUID(int=to))
            here = to
        if draw(st.booleans()):
            day += draw(st.integers(1, 10))
            report("engagement.daily", leads=draw(st.integers(0, 9)))
        if before and draw(st.booleans()):
            day += draw(st.integers(1, 10))
            report("vehicle.updated", stock_date=draw(st.sampled_from(before)))
        if draw(st.booleans()):
            day += draw(st.integers(1, 40))
            carried = {"stock_date": draw(st.sampled_from(before))} if before and draw(st.booleans()) else {}
            report("vehicle.sold", sale_date=FIRST + timedelta(days=day), **carried)
            there = False
            before.append(since)
            if draw(st.booleans()):
                day += draw(st.integers(1, 10))
                report("vehicle.sale_unwound")
                before.pop()
                there = draw(st.booleans())
    return told


def published(arriving: list[list[Change]]) -> tuple[Life, list[Told]]:
    """Give a car's life, and what inventory publishes of it batch by batch."""
    life: Life | None = None
    history: list[Change] = []
    told: list[Told] = []
    for batch in arriving:
        version = life.vehicle.version if life else 0
        after = refold(KEY, history, batch) if life and is_late(life, batch) else fold(KEY, life, batch)
        life = after.versioned(version)
        history += [change for change in batch if change not in history]
        told += [(one.vehicle, one.followed_on) for one in life.ended] + [(life.vehicle, None)]
    assert life is not None
    return life, told


def visit(vehicle: Vehicle, followed_on: date | None) -> Visit:
    left = vehicle.exit_date or followed_on
    sold = vehicle.status is Status.SOLD
    return Visit(vehicle.dealer_id, vehicle.version, "used/audi/q3", "Q3", vehicle.stock_date, left, sold=sold)


def heard(told: list[Told], random: Random) -> tuple[Visit, ...]:
    """Give the stays that forecast keeps: each rooftop is a partition, read in order, but not with the others."""
    partitions = defaultdict(list)
    for one in told:
        partitions[one[0].dealer_id].append(one)
    turns = [vehicle.dealer_id for vehicle, _ in told]
    random.shuffle(turns)
    stays: tuple[Visit, ...] = ()
    for rooftop in turns:
        vehicle, followed_on = partitions[rooftop].pop(0)
        stays = revisit(stays, visit(vehicle, followed_on), over=followed_on is not None)
    return stays


def sales(stays: tuple[Visit, ...]) -> list[tuple[UUID, date | None]]:
    return sorted((stay.dealer_id, stay.left) for stay in stays if stay.sold)


def ledger(life: Life) -> list[tuple[UUID, date | None]]:
    return sorted((sale.dealer_id, sale.sale_date) for sale in life.sales if sale.unwound_on is None)


def batches(changes: list[Change], data: st.DataObject) -> list[list[Change]]:
    rest, parts = list(changes), []
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        parts.append(rest[:size])
        rest = rest[size:]
    return parts


@given(reports(), st.data(), st.randoms(use_true_random=False))
def test_forecast_knows_the_sales_of_the_ledger_however_reports_are_batched_and_rooftops_read(
    told: list[Change], data: st.DataObject, random: Random
) -> None:
    life, states = published(batches(told, data))
    stays = heard(states, random)
    assert sales(stays) == ledger(life)
    assert sum(stay.left is None for stay in stays) == (life.vehicle.status is Status.IN_STOCK)


@given(reports(), st.data())
def test_forecast_knows_the_sales_of_the_ledger_whichever_report_comes_late_or_twice(
    told: list[Change], data: st.DataObject
) -> None:
    late = data.draw(st.lists(st.sampled_from(told), max_size=3))
    again = data.draw(st.lists(st.sampled_from(told), max_size=3))
    in_time = [change for change in told if change not in late] or told
    life, states = published([*batches(in_time, data), *([one] for one in (*late, *again))])
    stays: tuple[Visit, ...] = ()
    for vehicle, followed_on in states:
        stays = revisit(stays, visit(vehicle, followed_on), over=followed_on is not None)
    assert sales(stays) == ledger(life)
