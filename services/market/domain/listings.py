"""Listings of one region, held as columns so that fifty thousand of them are a few array operations."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from numpy.typing import NDArray

_NOISE = re.compile(r"[^a-z0-9]+")


class PricePoint(NamedTuple):
    """From which day on a price was asked."""

    seen_on: date
    price: float


@dataclass(frozen=True, slots=True)
class Listing:
    """One advert of one vehicle as last seen; price in the region's currency, odometer in kilometres.

    ``active`` is false only where the source said that the advert ended; an advert that merely was not seen
    again stays ``active`` here and is judged by ``last_seen``. ``prices`` are the prices it was seen at, oldest
    first, where they were watched.
    """

    key: str
    segment: str
    price: float | None
    odometer_km: float | None
    model_year: int | None
    first_seen: date
    last_seen: date
    active: bool = True
    label: str = ""
    vin: str | None = None
    trim: str | None = None
    certified: bool = False
    seller: str | None = None
    prices: tuple[PricePoint, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Listings:
    """The same as columns of length n; absent numbers are NaN, ``segment_of`` points into ``segments``.

    ``trims`` are pairs of a segment's number and a trim's key, with the spelling for people in
    ``trim_labels``; ``trim_of`` and ``seller_of`` are -1 where a listing names none.
    """

    segments: tuple[str, ...]
    labels: tuple[str, ...]
    trims: tuple[tuple[int, str], ...]
    trim_labels: tuple[str, ...]
    sellers: tuple[str, ...]
    keys: tuple[str, ...]
    vins: tuple[str | None, ...]
    prices: tuple[tuple[PricePoint, ...], ...]
    segment_of: NDArray[np.intp]
    trim_of: NDArray[np.intp]
    seller_of: NDArray[np.intp]
    price: NDArray[np.float64]
    odometer_km: NDArray[np.float64]
    model_year: NDArray[np.float64]
    certified: NDArray[np.bool_]
    first_seen: NDArray[np.datetime64]
    last_seen: NDArray[np.datetime64]
    active: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the listings."""
        return len(self.segment_of)

    @classmethod
    def of(cls, rows: Iterable[Listing]) -> Listings:
        """Turn rows into columns; segments come out sorted.

        Raises ValueError where a key occurs twice, which would count a vehicle twice, or where a listing was
        last seen before it was first seen.
        """
        listings = list(rows)
        _refuse_duplicates(listings)
        labels: dict[str, str] = {}
        for row in listings:
            if row.last_seen < row.first_seen:
                message = (
                    f"listing {row.key!r}: last_seen {row.last_seen} is before first_seen {row.first_seen}; "
                    "correct the dates or leave the listing out"
                )
                raise ValueError(message)
            # The smallest spelling, so that the label does not depend on the order of the rows.
            label = row.label or row.segment
            labels[row.segment] = min(labels.get(row.segment, label), label)
        segments = tuple(sorted(labels))
        position = {segment: index for index, segment in enumerate(segments)}
        trims = _trims(listings, position)
        trim_position = {trim: index for index, trim in enumerate(trims)}
        sellers = tuple(sorted({row.seller for row in listings if row.seller}))
        seller_position = {seller: index for index, seller in enumerate(sellers)}
        return cls(
            segments=segments,
            labels=tuple(labels[segment] for segment in segments),
            trims=tuple(trims),
            trim_labels=tuple(trims.values()),
            sellers=sellers,
            keys=tuple(row.key for row in listings),
            vins=tuple(row.vin for row in listings),
            prices=tuple(row.prices for row in listings),
            segment_of=np.array([position[row.segment] for row in listings], dtype=np.intp),
            trim_of=np.array(
                [trim_position.get((position[row.segment], trim_key(row.trim)), -1) for row in listings],
                dtype=np.intp,
            ),
            seller_of=np.array([seller_position.get(row.seller or "", -1) for row in listings], dtype=np.intp),
            price=_numbers(row.price for row in listings),
            odometer_km=_numbers(row.odometer_km for row in listings),
            model_year=_numbers(row.model_year for row in listings),
            certified=np.array([row.certified for row in listings], dtype=np.bool_),
            first_seen=np.array([row.first_seen for row in listings], dtype="datetime64[D]"),
            last_seen=np.array([row.last_seen for row in listings], dtype="datetime64[D]"),
            active=np.array([row.active for row in listings], dtype=np.bool_),
        )


def condition_group(segment: str) -> str:
    """Give the part of a segment key before its first slash, ``new`` or ``used``: mixes compare within it."""
    return segment.partition("/")[0]


def make_of(segment: str) -> str:
    """Give the condition group and make of a segment key: ``used/ford`` of ``used/ford/f150``."""
    return segment.rpartition("/")[0]


def groups_of(segments: tuple[str, ...]) -> tuple[NDArray[np.intp], int]:
    """Give each segment the number of its condition group, shape (segments,), and count the groups."""
    return _numbered([condition_group(segment) for segment in segments])


def makes_of(segments: tuple[str, ...]) -> tuple[NDArray[np.intp], int]:
    """Give each segment the number of its make within its condition group, and count those makes."""
    return _numbered([make_of(segment) for segment in segments])


def trim_key(trim: str | None) -> str:
    """Fold a trim's spelling, so that ``XLT``, ``xlt`` and ``X-LT`` are one; empty where none is named."""
    if not trim:
        return ""
    return _NOISE.sub("", unicodedata.normalize("NFKD", trim).casefold())


def _trims(listings: list[Listing], position: dict[str, int]) -> dict[tuple[int, str], str]:
    found: dict[tuple[int, str], str] = {}
    for row in listings:
        key = trim_key(row.trim)
        if key and row.trim:
            place = (position[row.segment], key)
            found[place] = min(found.get(place, row.trim), row.trim)
    return dict(sorted(found.items()))


def _numbered(names: list[str]) -> tuple[NDArray[np.intp], int]:
    known = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([known[name] for name in names], dtype=np.intp), len(known)


def _numbers(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _refuse_duplicates(listings: list[Listing]) -> None:
    counts = Counter(row.key for row in listings)
    if len(counts) < len(listings):
        key, times = counts.most_common(1)[0]
        message = f"listing {key!r} occurs {times} times; pass each listing once, in its latest state"
        raise ValueError(message)
