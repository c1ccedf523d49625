"""What the services ask of the database while they work: a batch of events, one rooftop's review, what is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from prometheus_client import CollectorRegistry

from services.feedback import store as feedback
from services.feedback.judging import BEGINNING, PAGE
from services.forecast import store as forecast
from services.forecast.handlers import SERIES
from services.inventory import store as inventory
from services.market import store as market
from services.market.handlers import SURVEYS
from services.recommend import store as recommend
from services.recommend.handlers import REVIEWS
from shared.messaging.retention import Retention, RetentionSettings
from shared.messaging.unit_of_work import enter, insert_outbox
from shared.observability.metrics import make_metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Path = tuple[str, str, Callable[[Any], Awaitable[object]]]
    """A service, what is done, and the doing, on a connection or pool."""

BATCH = 200
REGION = "US-MI"
SEGMENT = "used/make0/model0"


def service_paths(tenant: UUID, dealer: UUID, keys: Sequence[str]) -> list[Path]:
    """List the hot paths of every service but the gateway's pages, about one dealer group and one rooftop."""
    vehicles = [(tenant, key) for key in keys[:BATCH]]
    today = datetime.now(UTC).date()
    since = today - timedelta(days=400)
    return [
        *_inventory(tenant, dealer, vehicles),
        *_market(tenant, dealer, since, today),
        *_forecast(tenant, dealer, vehicles, since),
        *_recommend(since),
        *_feedback(tenant, dealer, keys, since),
        *_messaging(),
    ]


def _inventory(tenant: UUID, dealer: UUID, vehicles: Sequence[tuple[UUID, str]]) -> list[Path]:
    numbers = [(tenant, dealer, f"S{number}") for number in range(1, 50)]
    return [
        ("inventory", "batch: lives and ledger", lambda c: inventory.load_lives(c, vehicles)),
        ("inventory", "batch: history", lambda c: inventory.load_history(c, vehicles)),
        ("inventory", "batch: stock numbers", lambda c: inventory.keys_by_stock_number(c, numbers)),
        ("inventory", "batch: rooftops", inventory.load_dealers),
    ]


def _market(tenant: UUID, dealer: UUID, since: date, today: date) -> list[Path]:
    return [
        ("market", "survey: rooftop", lambda c: market.rooftop(c, dealer)),
        ("market", "survey: rooftops of a region", lambda c: market.dealers_of_region(c, tenant, REGION)),
        ("market", "survey: generation", lambda c: market.generation(c, REGION)),
        ("market", "survey: listings and prices", lambda c: market.load_listings(c, REGION, today)),
        ("market", "survey: own VINs", lambda c: market.load_own_vins(c, REGION)),
        ("market", "survey: own units", lambda c: market.load_own(c, dealer, since)),
        ("market", "survey: statistics", lambda c: market.load_statistics(c, dealer)),
        ("market", "claim of work", lambda c: SURVEYS.claim(c, limit=8)),
    ]


def _forecast(tenant: UUID, dealer: UUID, vehicles: Sequence[tuple[UUID, str]], since: date) -> list[Path]:
    return [
        ("forecast", "batch: stays of vehicles", lambda c: forecast.load_visits(c, vehicles)),
        ("forecast", "rooftop: stays", lambda c: forecast.load_stays(c, dealer, since)),
        ("forecast", "group: version of its sales", forecast.sales_version),
        ("forecast", "group: sales lent to sisters", lambda c: forecast.load_tenant_sales(c, since)),
        ("forecast", "rooftop: market rates", lambda c: forecast.load_market_rates(c, dealer)),
        ("forecast", "rooftop: demand scale", lambda c: forecast.demand_scale(c, dealer)),
        ("forecast", "rooftop: segments", lambda c: forecast.segments_of(c, tenant, dealer)),
        ("forecast", "rooftop: published", lambda c: forecast.published(c, dealer)),
        ("forecast", "what is due in a new week", lambda c: forecast.schedule_new_week(c, SERIES.queue)),
        ("forecast", "claim of work", lambda c: SERIES.claim(c, limit=8)),
    ]


def _recommend(since: date) -> list[Path]:
    return [
        ("recommend", "review: rooftops", recommend.rooftops),
        ("recommend", "review: units", recommend.units),
        ("recommend", "review: rules", recommend.rules),
        ("recommend", "review: new sales", lambda c: recommend.new_sales(c, since)),
        ("recommend", "review: lives", lambda c: recommend.lives(c, since)),
        ("recommend", "review: exits", lambda c: recommend.count_exits(c, since)),
        ("recommend", "review: markets", lambda c: recommend.documents(c, "market")),
        ("recommend", "review: demands", lambda c: recommend.documents(c, "demand")),
        ("recommend", "review: grosses", lambda c: recommend.grosses(c, since)),
        ("recommend", "review: standing advice", recommend.standing),
        ("recommend", "which groups are due", recommend.tenants_to_review),
        ("recommend", "claim of work", lambda c: REVIEWS.claim(c, limit=8)),
    ]


def _feedback(tenant: UUID, dealer: UUID, keys: Sequence[str], since: date) -> list[Path]:
    today = datetime.now(UTC).date()
    segments = [f"used/make{number}/model{number}" for number in (0, 2, 4)]  # as the fleet is filled
    return [
        ("feedback", "rooftop: open advice", lambda c: feedback.open_advice(c, dealer, BEGINNING, PAGE)),
        ("feedback", "rooftop: states of vehicles", lambda c: feedback.states(c, keys[:BATCH])),
        ("feedback", "rooftop: arrivals", lambda c: feedback.arrivals(c, dealer, segments, since)),
        ("feedback", "rooftop: stays on the shelf", lambda c: feedback.shelf_stays(c, dealer, segments)),
        ("feedback", "rooftop: claims", lambda c: feedback.claims(c, keys[:BATCH])),
        ("feedback", "rooftop: open exposure", lambda c: feedback.open_exposure(c, tenant, dealer)),
        ("feedback", "group: lessons", lambda c: feedback.lessons(c, since)),
        ("feedback", "rooftop: weekly checks", lambda c: feedback.weekly_checks(c, dealer, today)),
        ("feedback", "rooftop: policies", lambda c: feedback.policies(c, dealer)),
        ("feedback", "rooftop: newest policy", lambda c: feedback.newest_policy(c, dealer)),
    ]


def _messaging() -> list[Path]:
    ids = [uuid4() for _ in range(BATCH)]
    texts, payloads, headers = ["inventory-updated"] * BATCH, [b"{}"] * BATCH, [{"ce_type": "x"}] * BATCH
    metrics = make_metrics("inventory", CollectorRegistry())
    return [
        ("inventory", "inbox of a batch", lambda c: enter(c, ids, "dms-event-received")),
        ("inventory", "outbox of a batch", lambda c: insert_outbox(c, ids, texts, texts, payloads, headers)),
        (
            "inventory",
            "purges",
            lambda c: Retention("inventory", c, RetentionSettings(), metrics=metrics).once(),
        ),
    ]
