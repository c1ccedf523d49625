"""The lists there are: what each may be narrowed by, sorted by, and what it shows."""

from dataclasses import replace

from services.gateway.store.pages import Key, Listing

_DEALERS = "dealer_id = ANY({}::uuid[])"
_WITHIN = "dealer_ids <@ {}::uuid[]"
_SEGMENT = "segment = {}::text"
_DEALER_KEY = Key("dealer_id", "text")
VEHICLES = Listing(
    table="vehicle",
    identity="vehicle_key",
    sorts={
        # Days count up at midnight; the order they give does not, and a page must fit the one before it.
        "days": Key("DATE '2000-01-01' - group_stock_date"),
        "price": Key("list_price"),
        "cost": Key("cost"),
        "key": Key("vehicle_key", "text"),
        "make": Key("make", "text"),
        "model": Key("model", "text"),
        "segment": Key("segment", "text"),
        "dealer_id": _DEALER_KEY,
    },
    filters={
        "dealer_ids": _DEALERS,
        "vehicle_key": "vehicle_key = {}::text",
        "status": "status = {}::text",
        "condition": "condition = {}::text",
        "availability": "coalesce(document->>'availability', 'available') = {}::text",
        "make": "lower(make) = lower({}::text)",
        "model": "lower(model) = lower({}::text)",
        "segment": _SEGMENT,
        "min_days": "group_stock_date <= current_date - {}::int",
        "max_days": "group_stock_date >= current_date - {}::int",
        "min_price": "list_price >= {}::numeric",
        "max_price": "list_price <= {}::numeric",
    },
    # East of Greenwich a car is stocked on a day that has not begun yet here.
    columns=(
        "document, CASE WHEN current_date < stock_date THEN 0 ELSE current_date - stock_date END AS days,"
        " CASE WHEN current_date < group_stock_date THEN 0 ELSE current_date - group_stock_date END AS group_days"
    ),
)
MARKET = Listing(
    table="market",
    identity="dealer_id::text || segment",
    sorts={
        "gap": Key("abs(gap)"),
        "gap_units": Key("(document->>'gap_units')::numeric"),
        "sold_per_day": Key("(document->>'sold_per_day')::float8"),
        "days_supply": Key("(document->>'market_days_supply')::float8"),
        "segment": Key("segment", "text"),
        "dealer_id": _DEALER_KEY,
    },
    filters={
        "dealer_ids": _DEALERS,
        "segment": _SEGMENT,
        "has_gap": "gap IS NOT NULL AND {}::bool",
        "reading": "document->>'gap_reading' = {}::text",
        "min_gap": "abs(gap) >= {}::float8",
    },
)
FORECASTS = Listing(
    table="forecast",
    identity="dealer_id::text || segment",
    sorts={
        "rate": Key("(document->>'weekly_rate')::float8"),
        "segment": Key("segment", "text"),
        "dealer_id": _DEALER_KEY,
    },
    filters={"dealer_ids": _DEALERS, "segment": _SEGMENT, "strategy": "document->>'strategy' = {}::text"},
)
RECOMMENDATIONS = Listing(
    table="recommendation",
    identity="recommendation_id::text",
    sorts={
        "value": Key("value"),
        "value_per_day": Key("(document->>'value_per_day')::numeric"),
        "confidence": Key("(document->>'confidence')::float8"),
        "issued_at": Key("issued_at", "moment"),
        "expires_at": Key("expires_at", "moment"),
        "action": Key("action", "text"),
        "segment": Key("document->>'segment'", "text"),
        "dealer_id": _DEALER_KEY,
    },
    filters={
        "dealer_ids": _DEALERS,
        "action": "action = {}::text",
        "status": "status = {}::text",
        "id": "recommendation_id = {}::uuid",
        "vehicle_key": "document->>'vehicle_key' = {}::text",
        "segment": "document->>'segment' = {}::text",
        "min_value": "value >= {}::numeric",
        "min_confidence": "(document->>'confidence')::float8 >= {}::float8",
        "answered": "(answer IS NOT NULL) = {}::bool",
    },
    columns="document - '{evidence,alternatives,similar}'::text[] AS document, answer",
)
RECOMMENDATION_DETAILS = replace(RECOMMENDATIONS, columns="document, answer")
OUTCOMES = Listing(
    table="outcome",
    identity="outcome_id::text",
    sorts={
        "recorded_at": Key("recorded_at", "moment"),
        "realised_value": Key("(document->>'realised_value')::numeric"),
        "expected_value": Key("(document->>'expected_value')::numeric"),
        "dealer_id": _DEALER_KEY,
    },
    filters={
        "dealer_ids": _DEALERS,
        "recommendation_id": "recommendation_id = {}::uuid",
        "action": "document->>'action' = {}::text",
        "kind": "document->>'kind' = {}::text",
    },
)
POLICIES = Listing(
    table="policy",
    identity="dealer_id::text || lpad(version::text, 12, '0')",
    sorts={"version": Key("version"), "dealer_id": _DEALER_KEY},
    filters={"dealer_ids": _DEALERS},
)
USERS = Listing(
    table="app_user",
    identity="user_id::text",
    sorts={
        "username": Key("username", "text"),
        "role": Key("role", "text"),
        "created_at": Key("created_at", "moment"),
    },
    filters={"role": "role = {}::text", "active": "active = {}::bool", "within": _WITHIN},
    columns=(
        "user_id AS id, username, role, dealer_ids, active, EXISTS (SELECT FROM second_factor f"
        " WHERE f.tenant_id = app_user.tenant_id AND f.user_id = app_user.user_id AND f.confirmed_at IS NOT NULL)"
        " AS second_factor"
    ),
)
API_KEYS = Listing(
    table="api_key",
    identity="key_id",
    sorts={
        "name": Key("name", "text"),
        "created_at": Key("created_at", "moment"),
        "last_used_at": Key("last_used_at", "moment"),
    },
    filters={"revoked": "(revoked_at IS NOT NULL) = {}::bool", "within": _WITHIN},
    columns="key_id AS id, name, dealer_ids, scopes, created_at, expires_at, revoked_at, last_used_at",
)
IMPORTS = Listing(
    table="import",
    identity="import_id::text",
    sorts={
        "created_at": Key("created_at", "moment"),
        "rejected": Key("rejected"),
        "rows": Key("rows"),
        "dealer_id": _DEALER_KEY,
    },
    filters={"dealer_ids": _DEALERS, "kind": "kind = {}::text", "status": "status = {}::text"},
    columns=(
        "import_id AS id, dealer_id, kind, mode, filename, bytes, as_of, status, rows, accepted, rejected, error,"
        " created_at, finished_at"
    ),
)
