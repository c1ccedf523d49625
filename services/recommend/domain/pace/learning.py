"""Fitting the time to sale to the lives of a tenant's own units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.lookup import look_up
from services.recommend.domain.pace.spells import spells_of
from services.recommend.domain.time_to_sale import HazardModel, Lives, UnitFeatures, fit
from services.recommend.domain.time_to_sale.features import AGE_KNOTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.recommend.domain.book import TenantBook
    from services.recommend.domain.pace.spells import Spell
    from services.recommend.domain.pace.unit_life import UnitLife
    from services.recommend.domain.time_to_sale import Floats


def fit_pace(book: TenantBook, lives: Sequence[UnitLife], as_of: date) -> HazardModel | None:
    """Fit the time to sale across a tenant; nothing where it does not beat the prior on units held out.

    A life counts from the day its unit came, or from a year ago where that is later (delayed entry), each day at
    what was asked for it then, against what today's market model makes of it.

    Raises:
        NotConverged: if the fit finds no maximum.
    """
    spells = spells_of(look_up(replace(book, units=()), as_of), lives, as_of)
    if not spells:
        return None
    features = UnitFeatures.of(
        [spell.began for spell in spells],
        [spell.market_price for spell in spells],
        [spell.age for spell in spells],
        new=[spell.new for spell in spells],
        demand_per_day=[spell.demand for spell in spells],
        on_hand=[float(spell.on_hand) for spell in spells],
        days_supply=[spell.days_supply for spell in spells],
    )
    model = fit(
        Lives.of(
            features,
            unit=[spell.life for spell in spells],
            price=_prices(spells),
            until_days=[spell.until for spell in spells],
            sold=[spell.sold for spell in spells],
        )
    )
    return model if model.gain is not None and model.gain > 0 else None


def _prices(spells: Sequence[Spell]) -> Floats:
    """Give the price of each spell, and where none was seen what is usual at that age.

    Days without a price, as of cars known from a file of sales, still tell of the pace; at the average of what was
    seen at their age they do not lean on the effect of price. The price of the sale would: it is the last of the
    cuts. Where none was seen at all it is the market's.
    """
    market = np.array([spell.market_price for spell in spells])
    days = np.array([spell.until - spell.age for spell in spells])
    seen = np.array([spell.price is not None for spell in spells])
    price = np.array([spell.price or spell.market_price for spell in spells])
    band = np.searchsorted(AGE_KNOTS, [spell.age for spell in spells], side="right")
    length, sums = (
        np.bincount(band, weights=seen * days * each, minlength=len(AGE_KNOTS) + 1)
        for each in (np.ones(len(spells)), np.log(price / market))
    )
    overall = sums.sum() / max(length.sum(), 1.0)
    usual = np.divide(sums, length, out=np.full(length.shape, overall), where=length > 0)
    asked: Floats = np.where(seen, price, market * np.exp(usual[band]))
    return asked
