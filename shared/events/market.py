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


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class PriceBend(_Part):
    """By how much the slope of log price changes from ``knot`` on."""

    knot: float
    slope: float


class TrimPrice(_Part):
    """What a trim adds to the log price of its segment's average, and from how many listings."""

    trim: str
    effect: float
    listings: int


class MarketPriceModel(_Part):
    """The asking price of any vehicle of the segment, in log price.

    ``log(price) = reference + age_slope * years + km_slope * distance + the sum of slope * max(0, years - knot)
    over age_bends + the same of distance over km_bends + the trim's effect + certified_premium`` (for a certified
    vehicle), with years of 365.25 days since the first of January of the model year and distance in 10,000 km,
    at most ``km_cap``. A trim goes by its letters and digits in lower case; one not named adds nothing.
    """

    reference: float
    age_slope: float
    km_slope: float
    age_bends: tuple[PriceBend, ...] = ()
    km_bends: tuple[PriceBend, ...] = ()
    km_cap: float
    certified_premium: float = 0.0
    trims: tuple[TrimPrice, ...] = ()
    residual_sd: float
    reference_sd: float
    """Uncertainty of the level itself; with ``residual_sd`` (root of the sum of squares) that of one price."""
    listings: int


class LikeMineSupply(_Part):
    """Market days' supply of one trim (none: all trims) and band of model years; shrunk, with its own n."""

    trim: str | None = None
    year_from: int
    year_to: int
    active_listings: int
    sold_in_window: float
    days_supply: float
    n: int


class ShareTrend(_Part):
    """The segment's share of the market's sales in the last ``window_days`` against as many before.

    ``low`` to ``high`` is the 95 % interval of ``change``; ``direction`` is rising, falling, steady or unknown.
    """

    window_days: int
    share: float
    share_before: float
    sold: float
    sold_before: float
    change: float
    low: float
    high: float
    p_value: float | None = None
    false_discovery: float | None = None
    direction: str
    statement: str


class SellerMoves(_Part):
    """What one competitor did in the segment; ``share_cut`` is of the ``watched`` adverts."""

    seller: str
    active_listings: int
    arrivals: int
    departures: int
    watched: int
    share_cut: float
    median_change: float | None = None


class CompetitorMoves(_Part):
    """What all competitors did in the segment within ``window_days``; shares are absent for fewer than five."""

    window_days: int
    arrivals: int
    departures: int
    watched: int
    changed: int
    share_cut: float | None = None
    share_raised: float | None = None
    median_change: float | None = None
    sellers: tuple[SellerMoves, ...] = ()


class OwnUnitMarket(_Part):
    """What the market asks for one unit on hand, whatever its own price: price-to-market divides by it."""

    vehicle_key: str
    expected_price: Money | None = None
    expected_log_sd: float | None = None
    days_supply: float | None = None
    """Of vehicles like it, resting on ``n`` adverts."""
    n: int = 0


class MarketUpdated(Event):
    """What the market of one segment looks like from one rooftop; shares are fractions of one.

    Prices follow ``log(price) = price_log_reference + price_age_slope * age_years + price_km_slope *
    odometer_km / 10 000``; the three are absent where too few priced listings were seen. ``price_model`` says
    the same more exactly.
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
    own_inbound: int = 0
    gap_units: int | None = None
    """Target less on hand and inbound, where ``target_units`` is the market's share of the rooftop's stock."""
    target_units: float | None = None
    gap_reading: str | None = None
    """understocked, overstocked, poor fit (it sells few even of those it has) or balanced."""
    market_total: float | None = None
    """Sales of the condition group that ``market_share`` is of; the two below are those of the own shares."""
    own_stock_total: int | None = None
    own_sales_total: int | None = None
    expected_own_sales: float | None = None
    """Own sales to be expected at the market's share; under 5 ``sales_share`` says nothing."""
    price_model: MarketPriceModel | None = None
    like_mine: tuple[LikeMineSupply, ...] = ()
    share_trend: ShareTrend | None = None
    competitors: CompetitorMoves | None = None
    own_units: tuple[OwnUnitMarket, ...] = ()
