"""From market's own figures to the event that carries them."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from services.market.domain import LikeMine, PriceModel, SegmentMarket, ShareTrend, UnitMarket
from services.market.domain.price_model import KM_CAP
from shared import events
from shared.events import MarketUpdated, deterministic_id
from shared.events.market import LikeMineSupply, MarketPriceModel, OwnUnitMarket, PriceBend, TrimPrice

OWN_UNITS_SHOWN = 500
TRIMS_SHOWN = 60
"""Both keep an event under the broker's 256 KiB; the trims seen least are left out first."""
_SAME_NAMES = (
    "segment", "label", "as_of", "window_days", "active_listings", "sold_in_window", "sold_per_day",
    "market_days_supply", "price_log_reference", "price_age_slope", "price_km_slope", "price_residual_sd",
    "priced_listings", "market_share", "stock_share", "sales_share", "gap", "own_stock", "own_sales",
    "expected_count", "suppressed", "own_inbound", "gap_units", "target_units", "market_total",
    "own_stock_total", "own_sales_total", "expected_own_sales",
)  # fmt: skip


def market_updated(
    market: SegmentMarket,
    *,
    tenant_id: UUID,
    dealer_id: UUID,
    region: str,
    currency: str,
    version: int,
    at: datetime,
) -> MarketUpdated:
    """Make the event that tells a segment's market to a rooftop; prices in ``currency``."""
    return MarketUpdated(
        event_id=deterministic_id("market-updated", tenant_id, dealer_id, market.segment, version),
        occurred_at=at,
        tenant_id=tenant_id,
        dealer_id=dealer_id,
        market_version=version,
        region=region,
        currency=currency,
        **{name: getattr(market, name) for name in _SAME_NAMES},
        price_p25=_money(market.price_p25),
        price_median=_money(market.price_median),
        price_p75=_money(market.price_p75),
        gap_reading=market.reading,
        price_model=_price_model(market.price_model) if market.price_model else None,
        like_mine=tuple(_like_mine(cell) for cell in market.like_mine),
        share_trend=_share_trend(market.share_trend) if market.share_trend else None,
        competitors=events.market.CompetitorMoves(**asdict(market.competitors)) if market.competitors else None,
        own_units=tuple(_own_unit(unit) for unit in market.own_units[:OWN_UNITS_SHOWN]),
    )


def _price_model(model: PriceModel) -> MarketPriceModel:
    trims = sorted(model.trims.values(), key=lambda each: (-each.listings, each.trim))[:TRIMS_SHOWN]
    return MarketPriceModel(
        reference=model.reference,
        age_slope=model.age_slope,
        km_slope=model.km_slope,
        age_bends=tuple(PriceBend(**asdict(bend)) for bend in model.age_bends),
        km_bends=tuple(PriceBend(**asdict(bend)) for bend in model.km_bends),
        km_cap=KM_CAP,
        certified_premium=model.certified_premium,
        trims=tuple(TrimPrice(**asdict(trim)) for trim in trims),
        residual_sd=model.residual_sd,
        reference_sd=model.reference_sd,
        listings=model.listings,
    )


def _like_mine(cell: LikeMine) -> LikeMineSupply:
    return LikeMineSupply(**asdict(cell), n=cell.n)


def _share_trend(trend: ShareTrend) -> events.market.ShareTrend:
    return events.market.ShareTrend(**asdict(trend), direction=trend.direction, statement=trend.statement)


def _own_unit(unit: UnitMarket) -> OwnUnitMarket:
    return OwnUnitMarket(
        vehicle_key=unit.vehicle_key,
        expected_price=_money(unit.expected_price),
        expected_log_sd=unit.log_sd,
        days_supply=unit.days_supply,
        n=unit.n,
    )


def _money(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
