"""The tenant's book: everything that advice is computed from, as it was known at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from services.recommend.domain.parameters import Parameters
from services.recommend.domain.price_curve import PriceCurve
from services.recommend.domain.rules import Rules

if TYPE_CHECKING:
    from datetime import date

    from services.recommend.domain.attraction import Attraction
    from services.recommend.domain.time_to_sale import HazardModel
    from services.recommend.domain.typical_car import TypicalCar


_PROMISED = "pending"
_SET_ASIDE = {_PROMISED: "promised to a customer", "held": "held from sale"}


class UnitStatus(StrEnum):
    """Where a unit in the book is."""

    IN_STOCK = "in_stock"
    ON_ORDER = "on_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooftop:
    """One store of the group; its amounts are in its own currency (ISO 4217)."""

    dealer_id: str
    name: str
    currency: str
    parameters: Parameters = field(default_factory=Parameters)
    policy_version: int = 0
    rules: Rules = field(default_factory=Rules)
    rules_version: int = 0
    clashes: tuple[str, ...] = ()
    """What in the rules had to be set aside because it contradicts itself, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A vehicle in stock, or an order of ``quantity``; odometer in km, amounts in the dealer's currency."""

    dealer_id: str
    vehicle_key: str
    segment: str
    label: str
    status: UnitStatus = UnitStatus.IN_STOCK
    quantity: int = 1
    vin: str | None = None
    stock_number: str | None = None
    condition: str | None = None
    model_year: int | None = None
    make: str | None = None
    model: str | None = None
    trim: str | None = None
    odometer_km: float | None = None
    cost: float | None = None
    recon_cost: float | None = None
    list_price: float | None = None
    first_price: float | None = None
    """The first asking price that was seen of it: what the store thought of the car before it had stood."""
    msrp: float | None = None
    priced_on: date | None = None
    stock_date: date | None = None
    group_stock_date: date | None = None
    expected_date: date | None = None
    availability: str | None = None
    """``pending`` or ``held`` where it is not for sale."""

    @property
    def set_aside(self) -> str | None:
        """Say why a unit in stock is not for sale; nothing where it is."""
        return _SET_ASIDE.get(self.availability or "")

    @property
    def promised(self) -> bool:
        """Whether it has its customer already, and is there for no other."""
        return self.availability == _PROMISED

    @property
    def is_new(self) -> bool:
        """Whether it is stocked by the rules for new cars."""
        return is_new(self.segment)

    @property
    def total_cost(self) -> float | None:
        """Give cost and reconditioning together, or nothing where the cost is unknown."""
        return None if self.cost is None else self.cost + (self.recon_cost or 0.0)

    def group_days(self, as_of: date) -> int | None:
        """Count the days since the group took it in; a transfer does not restart this clock."""
        since = self.group_stock_date or self.stock_date
        return None if since is None else max(0, (as_of - since).days)

    def store_days(self, as_of: date) -> int | None:
        """Count the days at this rooftop."""
        return None if self.stock_date is None else max(0, (as_of - self.stock_date).days)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMarket:
    """The market of a segment as seen from a rooftop.

    Asking prices follow ``log(price) = price_log_reference + price_age_slope * age_years + price_km_slope *
    odometer_km / 10 000``; the three are absent where too few priced listings were seen.
    """

    dealer_id: str
    segment: str
    as_of: date
    active_listings: int = 0
    sold_per_day: float = 0.0
    market_days_supply: float | None = None
    price_median: float | None = None
    price_log_reference: float | None = None
    price_age_slope: float | None = None
    price_km_slope: float | None = None
    price_residual_sd: float | None = None
    """What the model leaves unexplained, as the sd of a logarithm: mostly trim and equipment."""
    priced_listings: int = 0
    price_curve: PriceCurve | None = None
    """The same more exactly, trims and all; the straight line stands in where it is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A configuration of a segment in words, such as ``2021-2023 LE AWD``, and how many of it were sold."""

    name: str
    units_sold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDemand:
    """Forecast demand of a segment at a rooftop; ``weekly_means`` are units wanted per week from ``as_of``.

    ``dispersion`` is variance over mean of a week's demand; ``weekly_rate`` is what would sell now if it were
    always in stock. ``coverage80`` is the share of past weeks inside the forecast's 80 % range, where that was tried;
    ``variants`` are the configurations that sell most, the first most.
    """

    dealer_id: str
    segment: str
    label: str
    as_of: date
    weekly_means: tuple[float, ...]
    dispersion: float = 1.0
    weekly_rate: float = 0.0
    yearly_mean: float | None = None
    """Units wanted a week at the level of the weeks ahead, in an average time of year."""
    lost_sales_per_week: float = 0.0
    units_sold: int = 0
    strategy: str = ""
    coverage80: float | None = None
    variants: tuple[Variant, ...] = ()
    usual_stock: float | None = None
    """Units that stood there on average in the days with any: demand was observed at that stock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrossHistory:
    """Averages over ``n`` retail sales of a rooftop since ``since``.

    ``scope`` is a segment, or ``new`` or ``used`` for all of a condition; amounts in dealer's currency.
    """

    dealer_id: str
    scope: str
    n: int
    as_of: date
    average_front_gross: float
    average_back_gross: float | None = None
    average_cost: float | None = None
    median_days_to_sell: float | None = None
    typical: TypicalCar | None = None
    """The cars behind it, as old and as far driven as when they were sold; none where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandSales:
    """Retail sales of a make's new units at a rooftop over the days that its turn-and-earn rule counts."""

    dealer_id: str
    brand: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantBook:
    """A whole group of rooftops; markets, demands and histories may be missing."""

    tenant_id: str
    rooftops: tuple[Rooftop, ...]
    units: tuple[Unit, ...] = ()
    markets: tuple[SegmentMarket, ...] = ()
    demands: tuple[SegmentDemand, ...] = ()
    grosses: tuple[GrossHistory, ...] = ()
    brand_sales: tuple[BrandSales, ...] = ()
    pace: HazardModel | None = None
    """Fitted to the tenant's own sales where that beats the prior; without it the parameters' pace holds."""
    attraction: Attraction | None = None
    """What draws its shoppers of used cars, learned from lives and prices; goes before ``pace`` where it is known."""


def is_new(segment: str) -> bool:
    """Tell whether a segment key is of new cars."""
    return segment.startswith("new/")
