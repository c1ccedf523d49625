"""Sightings of one listing that are read together: none may take another's place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Sighting = dict[str, Any]
"""A row of the listings table, as one file saw it."""


def by_day(sightings: Iterable[Sighting]) -> list[Sighting]:
    """Put one listing's sightings in the order of their days, one a day: what all of that day say."""
    days: dict[Any, Sighting] = {}
    for one in sorted(sightings, key=lambda sighting: sighting["last_seen"]):
        known = days.get(one["last_seen"])
        days[one["last_seen"]] = one if known is None else put_together(known, one)
    return list(days.values())


def put_together(earlier: Sighting, later: Sighting) -> Sighting:
    """Put two sightings of a listing together, as the store does with what it has: the later one describes it.

    What the later one does not state stays as it was, and the days only spread.
    """
    stated = {name: value for name, value in later.items() if value is not None}
    return {**earlier, **stated, "first_seen": min(earlier["first_seen"], later["first_seen"])}
