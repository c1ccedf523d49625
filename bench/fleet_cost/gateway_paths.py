"""What the gateway asks of the database for its pages, its figures and its housekeeping."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from services.gateway.importing import IMPORT_QUEUE
from services.gateway.store import audit, figures, idempotency, listings, live, policies
from services.gateway.store.pages import Listing, read_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from bench.fleet_cost.service_paths import Path

LIMIT = 100
_PAGES: tuple[tuple[str, Listing, str, dict[str, object]], ...] = (
    ("inventory", listings.VEHICLES, "-days", {"status": "in_stock"}),
    ("inventory by price", listings.VEHICLES, "-price", {"status": "in_stock"}),
    ("market", listings.MARKET, "segment", {}),
    ("gaps", listings.MARKET, "-gap", {"has_gap": True}),
    ("forecasts", listings.FORECASTS, "-rate", {}),
    ("recommendations", listings.RECOMMENDATIONS, "-value", {"status": "issued"}),
    ("recommendations by confidence", listings.RECOMMENDATIONS, "-confidence", {"status": "issued"}),
    ("outcomes", listings.OUTCOMES, "-recorded_at", {}),
    ("policies", listings.POLICIES, "-version", {}),
    ("users", listings.USERS, "username", {}),
    ("API keys", listings.API_KEYS, "name", {}),
    ("imports", listings.IMPORTS, "-created_at", {}),
)
_DEALER_FILTERED = frozenset({"vehicle", "market", "forecast", "recommendation", "outcome", "policy", "import"})


def gateway_paths(tenant: UUID, dealer: UUID, keys: Sequence[str]) -> list[Path]:
    """List every page, of the group and of one rooftop, every figure, and what is done on the side."""
    now = datetime.now(UTC)
    since = now.date() - timedelta(days=92)
    paths: list[Path] = []
    for name, listing, sort, filters in _PAGES:
        paths.append(("gateway", f"page: {name}", _page(listing, sort, filters)))
        if listing.table in _DEALER_FILTERED:
            one = {**filters, "dealer_ids": [dealer]}
            paths.append(("gateway", f"page: {name}, one rooftop", _page(listing, sort, one)))
    paths += [
        ("gateway", "figures: stock of the group", lambda c: figures.stock_rows(c, None, since)),
        ("gateway", "figures: stock of a rooftop", lambda c: figures.stock_rows(c, [dealer], since)),
        ("gateway", "figures: market of 100 units", lambda c: figures.unit_markets(c, list(keys[:LIMIT]))),
        ("gateway", "figures: outcomes", lambda c: figures.outcome_sums(c, None)),
        ("gateway", "figures: subjects watched", lambda c: figures.observed_arms(c, None)),
        ("gateway", "figures: answers", lambda c: figures.answered_counts(c, None)),
        ("gateway", "rules: newest", lambda c: policies.newest(c, dealer)),
        ("gateway", "rules: clashes", lambda c: policies.clashes(c, None)),
        ("gateway", "audit: newest page", lambda c: _audit(c, audit.Filters())),
        ("gateway", "audit: by actor", lambda c: _audit(c, audit.Filters(actor="user 3"))),
        ("gateway", "live: catching up", lambda c: live.told_after(c, tenant, 100, 500)),
        ("gateway", "live: oldest kept", lambda c: live.first_kept(c, tenant)),
        ("gateway", "live: who was told", live.tellers),
        (
            "gateway",
            "live: purge with nothing to do",
            lambda c: live.purge(c, tenant, up_to=0, older_than=now - timedelta(hours=24), limit=5_000),
        ),
        (
            "gateway",
            "idempotency: a key",
            lambda c: idempotency.claim(c, tenant, str(uuid4()), "POST /x", keep_seconds=86_400, lease_seconds=60),
        ),
        ("gateway", "claim of an import", lambda c: IMPORT_QUEUE.claim(c, limit=1)),
    ]
    return paths


def _page(listing: Listing, sort: str, filters: dict[str, object]) -> Any:
    order = listing.order(sort)
    return partial(_read, listing, order, filters)


async def _read(
    listing: Listing, order: tuple[tuple[str, bool], ...], filters: dict[str, object], connection: Any
) -> None:
    await read_page(connection, listing, filters=filters, order=order, after=None, limit=LIMIT)


async def _audit(connection: Any, filters: audit.Filters) -> None:
    await audit.newest_first(connection, filters, before=None, limit=LIMIT)
