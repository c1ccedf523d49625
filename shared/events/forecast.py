"""forecast-ready: weekly demand of one segment at one rooftop."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from shared.events.base import Event


class WeeklyDemand(BaseModel):
    """Units wanted in the week that starts on ``week`` (a Monday): mean and predictive quantiles."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    week: date
    mean: float
    q05: float
    q10: float
    q25: float
    q50: float
    q75: float
    q90: float
    q95: float


class ConfigurationDemand(BaseModel):
    """A configuration's part of its segment's demand; all fields of the configuration None: what is too rare.

    ``mean``: units over all the weeks, which sum over configurations to the segment's; the quantiles are an
    average week's units.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    model_year_from: int | None = None
    model_year_to: int | None = None
    trim: str | None = None
    body: str | None = None
    drivetrain: str | None = None
    fuel: str | None = None
    share: float
    units_sold: int
    mean: float
    q10: float
    q50: float
    q90: float


class EnsemblePart(BaseModel):
    """The weight of one strategy in an ensemble; weights sum to 1."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    strategy: str
    weight: float


class ForecastReady(Event):
    """Demand for the next 13 weeks, the strategy that won, and how well each one did on the past."""

    forecast_version: int
    segment: str
    label: str
    as_of: date
    weeks: tuple[WeeklyDemand, ...]
    strategy: str
    scores: dict[str, float]
    """Mean pinball loss per strategy over the rolling origins, in units a week; lower is better."""
    mase: float | None = None
    dispersion: float
    """Variance over mean of a week's demand; 1 is Poisson."""
    series_weeks: int
    units_sold: int
    stockout_weeks: int
    weekly_rate: float
    """Unconstrained demand now, units a week: what would sell if it were always in stock."""
    lost_sales_per_week: float
    demand_scale: float = 1.0
    """The learned factor that is in every mean and range here; without it they are as the strategy had them."""
    coverage80: float | None = None
    """Share of past weeks inside the winner's 80 % interval; where it is low, purchases are told with less
    confidence."""
    ensemble: tuple[EnsemblePart, ...] = ()
    """The inverse-error ensemble that took part, empty where there was too little past to weigh its parts; where it
    won, evidence names its parts."""
    yearly_mean: float | None = None
    """What the weeks ahead would be in an average time of year, units a week: the weeks over it are the season, which
    moves purchases. None from a forecast that does not tell it."""
    configurations: tuple[ConfigurationDemand, ...] = ()
    """The segment shared out, largest first; empty where nothing was ever stocked. Advice to buy names what sold."""
