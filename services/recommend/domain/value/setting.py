"""What decides a unit's net at one rooftop, what a valuation comes to, and the draws it can be put under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.recommend.domain.time_to_sale import Floats, HazardModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model fitted across the tenant, with what it has to know of the unit; ``scale`` is learned on top.

    ``most`` bounds the daily intensity at the market's price: however many want the segment, the customer whom
    this colour and trim suits has to come.
    """

    model: HazardModel
    as_of: date
    new: bool
    demand_per_day: float | None
    on_hand: int
    days_supply: float | None
    scale: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attracted:
    """What the tenant's shoppers taught of a unit's shelf, and who stands beside the unit there.

    ``shoppers`` come a day; ``appeal`` is its pull when fresh and at the market's price, ``staleness`` in log pull
    per 30 days. ``others`` stand beside it and pull ``beside`` together. ``elasticity_log_sd`` is how well the
    effect of the price is known.
    """

    shoppers: float
    appeal: float
    staleness: float
    others: int
    beside: float
    elasticity_log_sd: float

    @property
    def fresh_rate(self) -> float:
        """Give the daily intensity of a fresh unit at the market's price in its place."""
        return self.shoppers * self.appeal / (1.0 + self.beside + self.appeal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """All that decides a unit's net at one rooftop, but the price; amounts in its currency, rates per day."""

    dealer_id: str
    market_price: float
    market_log_sd: float
    base_rate: float
    rate_log_sd: float
    elasticity: float
    age_days: float
    staleness: float
    horizon_days: float
    delay_days: float
    holding_per_day: float
    negotiation_discount: float
    back_gross: float
    exit_cash: float
    upfront_cost: float = 0.0
    fitted: Fitted | None = None
    """What the tenant's own sales taught of its pace; without it the parameters' pace holds."""
    attracted: Attracted | None = None
    """What its shoppers taught; goes before ``fitted``."""
    elsewhere: bool = False
    """True at a rooftop where the unit does not stand now; its errors are then drawn apart."""

    def retail_cash(self, price: float) -> float:
        """Give what a retail sale at an asking price brings in, back gross included."""
        return price * (1 - self.negotiation_discount) + self.back_gross


@dataclass(frozen=True, slots=True)
class Valuation:
    """Nets and what they rest on; every array has shape (units, prices).

    ``unsold`` is the chance of being here at the horizon, ``leaving`` that of going to the lane in the end.
    ``beside`` is what a unit's being there changes for those beside it, never above 0.
    """

    net: Floats
    unsold: Floats
    leaving: Floats
    expected_days: Floats
    daily_hazard: Floats
    beside: Floats


@dataclass(frozen=True, slots=True)
class Draws:
    """Standard normal draws, one column per draw; row 0 for where the unit stands, row 1 for elsewhere."""

    rate: Floats
    market: Floats
    elasticity: Floats
    exit: Floats
    patience: Floats
    """The chance of the single car: exponential, how much intensity passes until its customer comes."""


def column(settings: Sequence[Setting], name: str) -> Floats:
    """Give a figure of each setting, shape (n, 1)."""
    return np.array([getattr(setting, name) for setting in settings], dtype=np.float64)[:, None]


def place(settings: Sequence[Setting]) -> list[int]:
    """Give the row of the draws that each setting goes by."""
    return [int(setting.elsewhere) for setting in settings]
