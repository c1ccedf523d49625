"""From what the market service would publish to what the advice is computed from, without the events between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.market.domain.price_model import KM_CAP
from services.recommend.domain import PriceCurve, SegmentMarket

if TYPE_CHECKING:
    from services.market.domain.price_model import PriceModel
    from services.market.domain.segment_market import SegmentMarket as PublishedMarket


def segment_market(seen: PublishedMarket, dealer_id: str) -> SegmentMarket:
    """Take over the market of a segment as a rooftop sees it."""
    return SegmentMarket(
        dealer_id=dealer_id,
        segment=seen.segment,
        as_of=seen.as_of,
        active_listings=seen.active_listings,
        sold_per_day=seen.sold_per_day,
        market_days_supply=seen.market_days_supply,
        price_median=seen.price_median,
        price_log_reference=seen.price_log_reference,
        price_age_slope=seen.price_age_slope,
        price_km_slope=seen.price_km_slope,
        price_residual_sd=seen.price_residual_sd,
        priced_listings=seen.priced_listings,
        price_curve=None if seen.price_model is None else price_curve(seen.price_model),
    )


def price_curve(model: PriceModel) -> PriceCurve:
    """Take over a fitted price model."""
    return PriceCurve(
        reference=model.reference,
        age_slope=model.age_slope,
        km_slope=model.km_slope,
        km_cap=KM_CAP,
        residual_sd=model.residual_sd,
        reference_sd=model.reference_sd,
        age_bends=tuple((bend.knot, bend.slope) for bend in model.age_bends),
        km_bends=tuple((bend.knot, bend.slope) for bend in model.km_bends),
        certified_premium=model.certified_premium,
        trims={key: trim.effect for key, trim in model.trims.items()},
    )
