"""Lives of adverts from a real panel of daily scrapes, with what was known of each on the day.

Prices to market come from the market service's own price model, fitted without the fifth of the vehicles that a
vehicle is in, and then, as advice does it, by putting part of the gap to the first price down to equipment; days'
supply from what the segment did in the 30 days before. An advert that was there on the
first day began nobody knows when and is left out, because its age is what the model goes by.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from services.market.domain import Listing, Listings, age_years, fit_price_models
from shared.events import segment_key

if TYPE_CHECKING:
    from pathlib import Path

LISTINGS = "listings/listings_by_vin_100_days.csv"
PRICES = "listings/price_changes_100_days.csv"
FOLDS = 5
_FLAP_DAYS = 3
_MISPRICING_SD = 0.07
"""How far stores misprice like units, as the sd of a logarithm; the rest of a gap to the model is equipment."""
_WINDOW, _SHORTEST_WINDOW, _TRUST, _USUAL_SUPPLY = 30, 7, 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Advert:
    """One vehicle as the panel saw it; ``prices`` are (day, price), from its first day on."""

    vin: str
    segment: str
    model_year: int
    odometer_km: float
    first_seen: date
    last_seen: date
    began_unseen: bool
    still_there: bool
    prices: tuple[tuple[date, float], ...]

    def price_on(self, day: date) -> float:
        """Give the price asked on a day, the first one before it was seen."""
        known = [price for seen, price in self.prices if seen <= day]
        return known[-1] if known else self.prices[0][1]


@dataclass(frozen=True, slots=True)
class Panel:
    """All adverts with a price, the worth of each by a model that has not seen it, and the last day."""

    adverts: tuple[Advert, ...]
    worth: dict[str, float]
    first_day: date
    last_day: date

    def days_supply(self, segment: str, day: date) -> float | None:
        """Give a segment's days' supply from the 30 days before a day, drawn to the usual."""
        window = min(_WINDOW, (day - self.first_day).days)
        if window < _SHORTEST_WINDOW:
            return None
        like = [advert for advert in self.adverts if advert.segment == segment and advert.first_seen < day]
        active = sum(advert.last_seen >= day for advert in like)
        since = day - timedelta(days=window)
        left = sum(since <= advert.last_seen < day and not advert.still_there for advert in like)
        return (active * window + _TRUST * _USUAL_SUPPLY) / (left + _TRUST)


def read_panel(folder: Path) -> Panel:
    """Read the panel; raises FileNotFoundError, naming the file, where it is not there."""
    changes: defaultdict[str, list[tuple[date, float, float]]] = defaultdict(list)
    with (folder / PRICES).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            seen = date.fromisoformat(row["seen_date"])
            changes[row["vin"]].append((seen, float(row["old_price"]), float(row["new_price"])))
    adverts = []
    with (folder / LISTINGS).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not row["first_price"] or float(row["first_price"]) < 500:
                continue
            first = date.fromisoformat(row["first_seen"])
            prices = ((first, float(row["first_price"])), *_steady(sorted(changes[row["vin"]])))
            adverts.append(
                Advert(
                    vin=row["vin"],
                    segment=segment_key(row["condition"].lower(), row["make"], row["model"]),
                    model_year=int(row["model_year"]),
                    odometer_km=float(row["mileage_km"]),
                    first_seen=first,
                    last_seen=date.fromisoformat(row["last_seen"]),
                    began_unseen=row["left_censored"] == "True",
                    still_there=row["right_censored"] == "True",
                    prices=prices,
                )
            )
    first_day, last_day = min(a.first_seen for a in adverts), max(a.last_seen for a in adverts)
    return Panel(tuple(adverts), _worth(adverts, last_day), first_day, last_day)


def _steady(changes: list[tuple[date, float, float]]) -> list[tuple[date, float]]:
    """Leave out what flaps between two adverts of one vehicle: a change undone within three days."""
    kept: list[tuple[date, float, float]] = []
    for seen, old, new in changes:
        undone = kept and kept[-1][1] == new and (seen - kept[-1][0]).days <= _FLAP_DAYS
        if undone:
            kept.pop()
        else:
            kept.append((seen, old, new))
    return [(seen, new) for seen, _, new in kept if new >= 500]


def _worth(adverts: list[Advert], as_of: date) -> dict[str, float]:
    """Give by VIN the expected asking price from a model fitted to the other four fifths."""
    fold = np.random.default_rng(0).integers(0, FOLDS, len(adverts))
    worth = {}
    for number in range(FOLDS):
        rows = [
            Listing(a.vin, a.segment, a.prices[-1][1], a.odometer_km, a.model_year, a.first_seen, a.last_seen)
            for a, its in zip(adverts, fold, strict=True)
            if its != number
        ]
        models = fit_price_models(Listings.of(rows), np.ones(len(rows), dtype=np.bool_), as_of)
        for advert, its in zip(adverts, fold, strict=True):
            if its == number and advert.segment in models:
                years = age_years(advert.model_year, as_of)
                model = models[advert.segment]
                expected = model.expected_price(years, advert.odometer_km)
                missed = model.residual_sd**2 + model.reference_sd**2
                share = missed / (missed + _MISPRICING_SD**2)
                worth[advert.vin] = expected * (advert.prices[0][1] / expected) ** share
    return worth
