"""The market's own rules: what a region sells, for how much, and where a rooftop's mix departs from it."""

from services.market.domain.assessment import (
    MarketSurvey,
    SegmentMarket,
    assess,
    compare,
    materially_differs,
    survey,
)
from services.market.domain.gaps import Gap, OwnSale, OwnUnit, mix_gaps
from services.market.domain.listings import Listing, Listings
from services.market.domain.price_model import (
    PriceModel,
    age_years,
    cost_to_market,
    fit_price_models,
    price_to_market,
)
from services.market.domain.statistics import (
    Assumptions,
    Observation,
    SegmentStatistics,
    observe,
    segment_statistics,
)

__all__ = [
    "Assumptions",
    "Gap",
    "Listing",
    "Listings",
    "MarketSurvey",
    "Observation",
    "OwnSale",
    "OwnUnit",
    "PriceModel",
    "SegmentMarket",
    "SegmentStatistics",
    "age_years",
    "assess",
    "compare",
    "cost_to_market",
    "fit_price_models",
    "materially_differs",
    "mix_gaps",
    "observe",
    "price_to_market",
    "segment_statistics",
    "survey",
]
