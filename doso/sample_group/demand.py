"""How many buyers come for a line on a day: weekday, season, tax refunds, trend and a model's life."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from doso.sample_group.stores import STOCKED_OUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doso.sample_group.stores import Line, Store

HISTORY_DAYS = 730
INTRODUCED, INTRODUCED_DAYS_AGO = "Prelude", 200
DISCONTINUED, DISCONTINUED_DAYS_AGO = "Venza", 430
RISING, FADING = "Corolla Cross", "HR-V"
SPELL_EVERY_DAYS, SPELL_DAYS = 182, 60

# Monday to Sunday, mean one. Michigan's larger counties forbid selling cars on a Sunday.
WEEKDAYS = (1.0, 0.9, 0.95, 1.0, 1.25, 1.9, 0.0)
# body: (amplitude, day of the year of the peak)
_SEASONS = {
    "Convertible": (0.60, 125), "Coupe": (0.30, 130), "SUV": (0.14, 305), "Pickup": (0.16, 295),
    "Van": (0.12, 190), "Wagon": (0.12, 310), "Sedan": (0.05, 150), "Hatchback": (0.06, 150),
}  # fmt: skip
_REFUND_FIRST, _REFUND_LAST = (2, 10), (4, 20)
_REFUND_LIFT_CHEAP, _REFUND_LIFT = 0.35, 0.08
_YEAR = 365.25


def calendar(as_of: date, length: int) -> tuple[date, ...]:
    """Return the ``length`` days before ``as_of``, oldest first."""
    return tuple(as_of - timedelta(days=days_ago) for days_ago in range(length, 0, -1))


def planned(store: Store, lines: tuple[Line, ...], days: tuple[date, ...]) -> NDArray[np.float64]:
    """Return expected buyers, (days, lines), without the weekly pattern, for a `calendar` of days."""
    columns = [
        store.monthly_buyers * 12 / _YEAR * line.weight
        * season(line, days, cheap=store.franchise is None) * life(line, len(days))
        for line in lines
    ]  # fmt: skip
    return np.stack(columns, axis=1)


def weekly(days: tuple[date, ...]) -> NDArray[np.float64]:
    """Return the weekday index of each day."""
    return np.array([WEEKDAYS[day.weekday()] for day in days])


def season(line: Line, days: tuple[date, ...], *, cheap: bool) -> NDArray[np.float64]:
    """Return a line's seasonal index per day (mean about one); ``cheap`` lots feel the tax refunds most."""
    amplitude, peak = _SEASONS[line.model.body]
    day_of_year = np.array([day.timetuple().tm_yday for day in days])
    index = 1.0 + amplitude * np.cos(2 * np.pi * (day_of_year - peak) / _YEAR)
    if line.new:
        return index
    refunds = np.array([_REFUND_FIRST <= (day.month, day.day) <= _REFUND_LAST for day in days])
    return index * np.where(refunds, 1.0 + (_REFUND_LIFT_CHEAP if cheap else _REFUND_LIFT), 1.0)


def life(line: Line, length: int) -> NDArray[np.float64]:
    """Return what trend and launch make of a line's demand over the ``length`` days before the as-of date."""
    days_ago = np.arange(length, 0, -1)
    progress = np.clip(1.0 - days_ago / HISTORY_DAYS, 0.0, 1.0)
    growth = 0.94 + 0.12 * progress
    if line.model.name == RISING:
        return growth * (0.4 + 1.5 * progress)
    if line.model.name == FADING:
        return growth * (1.8 - 1.5 * progress)
    if line.new and line.model.name == INTRODUCED:
        return np.where(days_ago <= INTRODUCED_DAYS_AGO, growth, 0.0)
    return growth


def supplied(line: Line, length: int) -> NDArray[np.bool_]:
    """Tell per day whether a line can be had: not before launch, after its end, or in an allocation gap."""
    days_ago = np.arange(length, 0, -1)
    name = line.model.name
    if line.new and name == INTRODUCED:
        return days_ago <= INTRODUCED_DAYS_AGO
    if line.new and name == DISCONTINUED:
        return days_ago > DISCONTINUED_DAYS_AGO
    if line.new and name in STOCKED_OUT:
        # Staggered, so that the gaps of different models neither fall together nor end at the as-of date.
        offset = 60 + 40 * STOCKED_OUT.index(name)
        return (days_ago - offset) % SPELL_EVERY_DAYS >= SPELL_DAYS
    return np.ones(length, dtype=np.bool_)
