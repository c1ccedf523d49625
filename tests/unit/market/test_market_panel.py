"""The price model on a real panel of listings, held out by VIN; skipped where the panel is absent."""

from __future__ import annotations

import csv
import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from services.market.domain import Listing, Listings, age_years, fit_price_models
from shared.events import segment_key

PANEL = Path(os.environ.get("DOSO_BENCH_DATA", "")) / "listings" / "listings_by_vin_100_days.csv"
AS_OF = date(2024, 4, 7)
FOLDS = 5

pytestmark = pytest.mark.skipif(not PANEL.is_file(), reason="DOSO_BENCH_DATA names no folder with the panel")


def test_it_foretells_held_out_prices_better_than_the_median_and_plain_least_squares():
    with PANEL.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["last_price"]]
    listings = [
        Listing(
            row["vin"],
            segment_key(row["condition"].lower(), row["make"], row["model"]),
            float(row["last_price"]),
            float(row["mileage_km"]),
            int(row["model_year"]),
            date.fromisoformat(row["first_seen"]),
            date.fromisoformat(row["last_seen"]),
        )
        for row in rows
    ]
    fold = np.random.default_rng(0).integers(0, FOLDS, len(listings))
    errors: dict[str, list[float]] = {"model": [], "median": [], "least squares": []}
    for number in range(FOLDS):
        seen = [each for each, its in zip(listings, fold, strict=True) if its != number]
        models = fit_price_models(Listings.of(seen), np.ones(len(seen), dtype=np.bool_), AS_OF)
        by_segment: dict[str, list[Listing]] = {}
        for each in seen:
            by_segment.setdefault(each.segment, []).append(each)
        for each, its in zip(listings, fold, strict=True):
            like = by_segment.get(each.segment, [])
            if its != number or len(like) < 4:
                continue
            years, km = age_years(each.model_year, AS_OF), each.odometer_km
            design = np.array([[1, age_years(one.model_year, AS_OF), one.odometer_km / 10_000] for one in like])
            logs = np.log([one.price for one in like])
            line = np.linalg.lstsq(design, logs, rcond=None)[0] @ [1, years, km / 10_000]
            foretold = {
                "model": models[each.segment].expected_price(years, km),
                "median": float(np.exp(np.median(logs))),
                "least squares": float(np.exp(line)),
            }
            for name, price in foretold.items():
                errors[name].append(abs(price / each.price - 1))
    medians = {name: float(np.median(each)) for name, each in errors.items()}
    assert len(errors["model"]) > 2_500
    assert medians["model"] < 0.92 * medians["least squares"] < 0.6 * medians["median"]
