"""How costs of two fleets are held side by side."""

from __future__ import annotations

import pytest

from bench.fleet_cost.cost import Cost
from bench.fleet_cost.explaining import Statement
from bench.fleet_cost.report import dearer


def cost(pages: int, milliseconds: float, yardstick: float = 4.0) -> Cost:
    return Cost("market", "survey", 10, (Statement("SELECT", pages, milliseconds, ()),), yardstick)


@pytest.mark.parametrize(
    ("small", "large", "times"),
    [
        (cost(100, 2.0), cost(300, 8.0), 3.0),
        (cost(100, 2.0), cost(900, 5.0), 2.5),
        (cost(100, 2.0), cost(900, 8.0, yardstick=16.0), 1.0),
        (cost(100, 8.0, yardstick=16.0), cost(900, 8.0), 4.0),
        (cost(1, 0.01), cost(19, 0.9), 1.0),
        (cost(100, 1.2, yardstick=16.0), cost(900, 0.9), 1.0),
    ],
    ids=[
        "fewer pages",
        "less time",
        "the machine was slower",
        "the machine was quicker",
        "too little to tell",
        "too little on the quicker machine",
    ],
)
def test_dearer_by_pages_or_by_time_beside_the_yardstick(small: Cost, large: Cost, times: float) -> None:
    assert dearer(small, large) == pytest.approx(times)
