"""Countries' calendars, as the holidays library knows them: a role of the outside world, tried and not believed."""

from datetime import timedelta
from functools import lru_cache

import holidays

from services.forecast.domain.calendar_effect import USUAL, YEARS, Calendar, easter
from services.forecast.domain.sister_sales import country_of

_SHUT_IN_US = {"New Year's Day", "Thanksgiving Day", "Christmas Day"}
"""On its other public holidays the American trade is open, and sells."""
_SALES_IN_US = {
    "Washington's Birthday": range(-3, 1),
    "Memorial Day": range(-3, 1),
    "Independence Day": range(-3, 1),
    "Labor Day": range(-3, 1),
    "Thanksgiving Day": range(1, 5),
}
"""The days of each sale around its holiday: the weekend up to it; after Thanksgiving, Black Friday to Monday."""


def calendars_of(region: str) -> tuple[Calendar, ...]:
    """List the calendars to try for a region such as ``US-MI``: the usual one, then its country's where known."""
    country = country_of(region)
    return (USUAL,) if country not in _supported() else (USUAL, _country(country))


@lru_cache(maxsize=1)
def _supported() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries(include_aliases=False))


@lru_cache(maxsize=32)
def _country(country: str) -> Calendar:
    days = holidays.country_holidays(country, years=YEARS, observed=False)
    if country != "US":
        return Calendar(country, frozenset(days))
    off = {day for day, name in days.items() if name in _SHUT_IN_US} | {easter(year) for year in YEARS}
    trade = {day + timedelta(days=step) for day, name in days.items() for step in _SALES_IN_US.get(name, ())}
    return Calendar(country, frozenset(off), frozenset(trade))
