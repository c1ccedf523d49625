"""The market's own rules: what a region sells, for how much, and where a rooftop's mix departs from it."""

from services.market.domain.assessment import MarketSurvey, assess, compare, survey
from services.market.domain.competitors import CompetitorMoves, SellerMoves, competitor_moves
from services.market.domain.gaps import Gap, Reading, mix_gaps
from services.market.domain.like_mine import LikeMine, like_mine, lookup
from services.market.domain.listings import Listing, Listings, PricePoint
from services.market.domain.observation import SURVEYED_DAYS, Assumptions, Observation, observe
from services.market.domain.own import OwnSale, OwnUnit, UnitMarket, unit_market
from services.market.domain.price_model import (
    Bend,
    PriceModel,
    TrimEffect,
    age_years,
    cost_to_market,
    fit_price_models,
    price_to_market,
)
from services.market.domain.segment_market import SegmentMarket, materially_differs, nothing_left
from services.market.domain.share_trend import ShareTrend, share_trends
from services.market.domain.statistics import SegmentStatistics, segment_statistics
from services.market.domain.vehicles import one_advert_per_vehicle

__all__ = [
    "SURVEYED_DAYS",
    "Assumptions",
    "Bend",
    "CompetitorMoves",
    "Gap",
    "LikeMine",
    "Listing",
    "Listings",
    "MarketSurvey",
    "Observation",
    "OwnSale",
    "OwnUnit",
    "PriceModel",
    "PricePoint",
    "Reading",
    "SegmentMarket",
    "SegmentStatistics",
    "SellerMoves",
    "ShareTrend",
    "TrimEffect",
    "UnitMarket",
    "age_years",
    "assess",
    "compare",
    "competitor_moves",
    "cost_to_market",
    "fit_price_models",
    "like_mine",
    "lookup",
    "materially_differs",
    "mix_gaps",
    "nothing_left",
    "observe",
    "one_advert_per_vehicle",
    "price_to_market",
    "segment_statistics",
    "share_trends",
    "survey",
    "unit_market",
]
