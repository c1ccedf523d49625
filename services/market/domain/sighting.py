"""Sightings of one listing that are read together: none of another day may take another's place."""

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
        days[one["last_seen"]] = one if known is None else _put_together(known, one)
    return list(days.values())


def _put_together(earlier: Sighting, later: Sighting) -> Sighting:
    """Put two sightings of a day together, as the store does: what the later one does not state stays as it was."""
    stated = {name: value for name, value in later.items() if value is not None}
    return {**earlier, **stated, "first_seen": min(earlier["first_seen"], later["first_seen"])}
