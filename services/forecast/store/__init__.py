"""The only SQL of forecast."""

from services.forecast.store.forecasts import published, save_published, schedule_new_week, segments_of, track_series
from services.forecast.store.rooftops import (
    demand_scale,
    load_market_rates,
    region_of,
    save_market_rates,
    save_policies,
    save_regions,
)
from services.forecast.store.sales import load_stays, load_tenant_sales, sales_version
from services.forecast.store.visits import Key, load_visits, save_first_visits, save_visits

__all__ = [
    "Key",
    "demand_scale",
    "load_market_rates",
    "load_stays",
    "load_tenant_sales",
    "load_visits",
    "published",
    "region_of",
    "sales_version",
    "save_first_visits",
    "save_market_rates",
    "save_policies",
    "save_published",
    "save_regions",
    "save_visits",
    "schedule_new_week",
    "segments_of",
    "track_series",
]
