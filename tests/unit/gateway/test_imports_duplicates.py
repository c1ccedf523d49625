"""Duplicates within a file: judged alike however many vehicles it has, with memory that does not grow with them."""

from __future__ import annotations

import errno
import sqlite3
import tracemalloc
from collections import deque
from contextlib import closing

import pytest

from services.gateway.imports.duplicates import Duplicates, Seen, finding_duplicates
from services.gateway.imports.rows import InventoryRow
from services.gateway.imports.warnings import WarningTally
from shared.events.vin import Vin


def vin(number: int) -> str:
    return f"WVWZZZZZ0NW{number:06d}"


def in_stock(number: int, line: int) -> InventoryRow:
    absent = dict.fromkeys(InventoryRow.__dataclass_fields__)
    given = {"line": line, "vin": Vin(vin(number)), "condition": "used", "make": "VW", "model": "Golf"}
    return InventoryRow(**{**absent, **given, "odometer_unit": "km"})  # type: ignore[arg-type]


def heap_while_judging(vehicles: int) -> int:
    """Give the bytes of Python objects held at most while so many different vehicles are judged."""
    tracemalloc.start()
    try:
        with finding_duplicates(WarningTally()) as duplicates:
            for number in range(vehicles):
                assert duplicates.judge(in_stock(number, number + 2)) is Seen.TAKE
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_times_the_vehicles_are_judged_in_the_same_memory() -> None:
    heap_while_judging(10)  # what is allocated once, is
    assert heap_while_judging(10_000) < heap_while_judging(1_000) + 50_000


def test_a_full_disk_is_told_as_one() -> None:
    with closing(sqlite3.connect("", isolation_level=None)) as notes:
        duplicates = Duplicates(notes, WarningTally())
        notes.execute("PRAGMA max_page_count = 3")
        with pytest.raises(OSError, match="temporary folder") as told:
            deque((duplicates.judge(in_stock(number, number + 2)) for number in range(10_000)), maxlen=0)
    assert told.value.errno == errno.ENOSPC


def test_another_fault_is_not_taken_for_a_full_disk() -> None:
    with closing(sqlite3.connect("", isolation_level=None)) as notes:
        duplicates = Duplicates(notes, WarningTally())
        notes.execute("DROP TABLE seen")
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            duplicates.judge(in_stock(1, 2))


def test_files_read_at_the_same_time_know_nothing_of_each_other() -> None:
    with finding_duplicates(WarningTally()) as first, finding_duplicates(WarningTally()) as second:
        assert first.judge(in_stock(1, 2)) == second.judge(in_stock(1, 9))
        assert "line 2" in first.judge(in_stock(1, 3)).reason
