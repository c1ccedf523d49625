"""market-data-received and market-updated: listings in, segment statistics out."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.base import Event, Money
from shared.events.dms import Condition


class Listing(BaseModel):
    """One advert of one vehicle as it was last seen; the odometer is in kilometres."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    listing_id: str = Field(min_length=1, max_length=120)
    vin: str | None = Field(default=None, max_length=17)
    make: str = Field(max_length=80)
    model: str = Field(max_length=80)
    model_year: int | None = None
    trim: str | None = Field(default=None, max_length=120)
    body: str | None = Field(default=None, max_length=80)
    condition: Condition | None = None
    odometer_km: int | None = Field(default=None, ge=0)
    price: Money | None = Field(default=None, ge=0)
    seller: str | None = Field(default=None, max_length=120)
    first_seen: date
    last_seen: date
    active: bool


class MarketDataReceived(Event):
    """A chunk of a region's listings, as imported; at most 100, which stays under 256 KiB in any letters."""

    import_id: UUID
    chunk: int
    chunks: int | None = None
    region: str
    currency: str
    as_of: date
    listings: tuple[Listing, ...] = Field(max_length=100)


class MarketUpdated(Event):
    """What the market of one segment looks like from one rooftop; shares are fractions of one.

    Prices follow ``log(price) = price_log_reference + price_age_slope * age_years + price_km_slope *
    odometer_km / 10 000``; the three are absent where too few priced listings were seen.
    """

    market_version: int
    region: str
    currency: str
    segment: str
    label: str
    as_of: date
    window_days: int
    active_listings: int
    sold_in_window: float
    sold_per_day: float
    market_days_supply: float | None = None
    price_p25: Money | None = None
    price_median: Money | None = None
    price_p75: Money | None = None
    price_log_reference: float | None = None
    price_age_slope: float | None = None
    price_km_slope: float | None = None
    price_residual_sd: float | None = None
    priced_listings: int = 0
    market_share: float | None = None
    stock_share: float | None = None
    sales_share: float | None = None
    gap: float | None = None
    own_stock: int = 0
    own_sales: int = 0
    expected_count: float = 0.0
    suppressed: bool = False
    """True where the expected count is under 5 and the shares therefore say nothing."""
