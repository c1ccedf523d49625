"""The time of year that rooftops lend each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pytest

from services.forecast.domain.forecast import forecast_dealer
from services.forecast.domain.frequency import Frequency
from services.forecast.domain.hierarchy import shared_seasons
from services.forecast.domain.panel import panel_of
from services.forecast.domain.series import History
from services.forecast.domain.sister_sales import SisterSales, sister_panel
from services.forecast.strategies import light_strategies

END = date(2026, 3, 2)
TRUTH = 1 + np.cos(2 * np.pi * (np.arange(12) - 6) / 12) / 3
FLAT = np.ones(12)
STORE = UUID(int=1)


def sold(weeks: int, *, weekly: float = 40.0, seed: int = 1) -> list[SisterSales]:
    """Draw what one rooftop sold: convertibles by the time of year, the others the same all year."""
    rates = {"used/convertible": weekly * TRUTH, "used/sedan": 60 * FLAT, "new": 9 * FLAT}
    return drawn(STORE, rates, weeks, seed=seed)


def drawn(
    rooftop: UUID, rates: Mapping[str, np.ndarray], weeks: int, *, until: date = END, seed: int = 1
) -> list[SisterSales]:
    began = until - timedelta(weeks=weeks)
    rng = np.random.default_rng([seed, rooftop.int])
    month = Frequency.WEEK.phase_of(began, weeks)
    return [
        SisterSales(rooftop, group, began + timedelta(weeks=week), int(units))
        for group, rate in rates.items()
        for week, units in enumerate(rng.poisson(rate[month]))
        if units
    ]


def seasons(sales: Sequence[SisterSales]) -> dict[str, tuple[float, ...]]:
    return shared_seasons(sister_panel(sales, END, 104))


def test_each_group_has_its_own_season() -> None:
    found = seasons(sold(104))
    assert set(found) == {"", "used", "used/convertible", "used/sedan", "new"}
    assert np.abs(np.array(found["used/convertible"]) - TRUTH).max() < 0.15
    assert np.abs(np.array(found["used/sedan"]) - 1).max() < 0.15


def test_few_sales_lend_little() -> None:
    few, many = (np.array(seasons(sold(104, weekly=each))["used/convertible"]) for each in (0.2, 40.0))
    assert few.std() < 0.6 * many.std()


@pytest.mark.parametrize("sales", [[], sold(40), [SisterSales(STORE, "used", END, 9)]])
def test_without_a_year_of_sales_there_is_no_season(sales: list[SisterSales]) -> None:
    assert seasons(sales) == {}


def test_what_is_older_or_not_over_yet_does_not_count() -> None:
    known = sold(104)
    more = [
        *known,
        SisterSales(STORE, "used/convertible", END, 900),
        SisterSales(STORE, "used/sedan", END - timedelta(weeks=105), 900),
    ]
    assert seasons(more) == seasons(known)


CONNECTED = {
    "one of two years and nine of 20 weeks": [(4, 104, END)] + [(4, 20, END)] * 9,
    "half of two years and half of 26 weeks": [(4, 104, END)] * 5 + [(4, 26, END)] * 5,
    "large ones of 60 weeks": [(4, 104, END)] * 3 + [(40, 60, END)] * 3,
    "nine that were sold on a year ago": [(4, 104, END)] + [(4, 52, END - timedelta(weeks=40))] * 9,
}


def connected(stores: Sequence[tuple[float, int, date]], shape: np.ndarray = FLAT) -> list[SisterSales]:
    """Draw the sales of stores that sell so many a week, known for so many weeks up to a day."""
    return [
        each
        for number, (weekly, weeks, until) in enumerate(stores)
        for each in drawn(
            UUID(int=number), {"used/suv": weekly * shape, "used/pickup": weekly * shape}, weeks, until=until
        )
    ]


@pytest.mark.parametrize("stores", CONNECTED.values(), ids=CONNECTED.keys())
def test_connecting_a_store_or_parting_with_one_is_no_season(stores: list[tuple[float, int, date]]) -> None:
    sales = connected(stores)
    assert np.abs(np.array(seasons(sales)["used/suv"]) - 1).max() < 0.12
    histories = {
        f"used/{k}": History(
            f"used/{k}",
            END - timedelta(weeks=20),
            np.random.default_rng(k).poisson(4.0, 20).astype(float),
            np.ones(20),
        )
        for k in range(4)
    }
    groups = dict.fromkeys(histories, "used/suv")
    alone, lent = (
        forecast_dealer(histories, {}, light_strategies(), END, groups=groups, sisters=sisters)
        for sisters in (None, sister_panel(sales, END, 104))
    )
    for before, after in zip(alone, lent, strict=True):
        assert after.weeks[4].mean == pytest.approx(before.weeks[4].mean, rel=0.1)
        assert before.yearly_mean is None, "20 weeks tell no season"
        assert (after.yearly_mean or after.weeks[4].mean) == pytest.approx(after.weeks[4].mean, rel=0.1)


@pytest.mark.parametrize("stores", CONNECTED.values(), ids=CONNECTED.keys())
def test_stores_that_come_and_go_still_lend_their_season(stores: list[tuple[float, int, date]]) -> None:
    index = np.array(seasons(connected(stores, 10 * TRUTH))["used/suv"])
    assert np.abs(index - TRUTH).max() < 0.12


def test_a_forecast_from_the_past_knows_no_later_week_of_the_sisters() -> None:
    calm, wild = sold(104), sold(104)
    wild += [SisterSales(STORE, "used/sedan", END - timedelta(weeks=back), 900) for back in range(1, 9)]
    own = History("used/sedan a", END - timedelta(weeks=60), np.ones(60), np.ones(60))
    told = [panel_of([own], END, sisters=sister_panel(sales, END, 104)) for sales in (calm, wild)]
    now, then = (
        [shared_seasons(panel.sisters) for panel in panels] for panels in (told, [each.before(8) for each in told])
    )
    assert now[0] != now[1]
    assert then[0] == then[1]
    assert then[0]
    assert told[0].before(60).before(60).sisters is not None


def test_a_sister_whose_past_is_cut_to_less_than_a_year_lends_nothing() -> None:
    sisters = sister_panel(sold(60), END, 104)
    assert sisters is not None
    assert shared_seasons(sisters)
    assert shared_seasons(sisters.before(9)) == {}


@pytest.mark.parametrize("weekly", [0.1, 0.3])
def test_when_things_first_sold_is_no_season(weekly: float) -> None:
    """First sales crowd where the window begins, which is the time of year that comes next."""
    found = seasons(connected([(weekly, 104, END)] * 100))["used/suv"]
    assert np.abs(np.array(found) - 1).max() < 0.1


@pytest.mark.parametrize("weeks", [20, 60, 100, 104])
def test_a_season_is_told_by_two_years_and_by_none_less(weeks: int) -> None:
    growing = np.random.default_rng(weeks).poisson(np.linspace(6, 18, weeks)).astype(float)
    history = History("used/a", END - timedelta(weeks=weeks), growing, np.ones(weeks))
    (forecast,) = forecast_dealer({"used/a": history}, {}, light_strategies(), END)
    assert (forecast.yearly_mean is None) is (weeks < 104)
