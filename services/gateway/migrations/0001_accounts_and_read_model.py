"""Accounts, imports, audit and the read model."""

from alembic import op

from shared.messaging.schema import MESSAGING_TABLES_V1
from shared.postgres import run_script, tenant_isolation
from shared.postgres.tenancy import lookup_exception
from shared.postgres.work import WORK_TABLE_V1

revision = "gateway_0001"
down_revision = None

ACCOUNTS = """
CREATE TABLE tenant (
    tenant_id uuid PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE dealer (
    tenant_id uuid NOT NULL REFERENCES tenant,
    dealer_id uuid NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    region text NOT NULL,
    timezone text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, dealer_id),
    UNIQUE (tenant_id, name)
);
CREATE TABLE app_user (
    tenant_id uuid NOT NULL REFERENCES tenant,
    user_id uuid NOT NULL,
    username text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'buyer', 'viewer')),
    dealer_ids uuid[],
    active boolean NOT NULL DEFAULT true,
    platform boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE refresh_token (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash text NOT NULL PRIMARY KEY,
    family uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user
);
CREATE TABLE api_key (
    tenant_id uuid NOT NULL REFERENCES tenant,
    key_id text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    secret_hash text NOT NULL,
    dealer_ids uuid[],
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE TABLE audit (
    tenant_id uuid NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, seq)
);
"""

IMPORTS = """
CREATE TABLE import (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('inventory', 'sales', 'market')),
    mode text NOT NULL CHECK (mode IN ('snapshot', 'delta')),
    filename text NOT NULL,
    bytes bigint NOT NULL,
    as_of date NOT NULL,
    override jsonb,
    confirm boolean NOT NULL,
    by_store boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    rows int NOT NULL DEFAULT 0,
    accepted int NOT NULL DEFAULT 0,
    rejected int NOT NULL DEFAULT 0,
    report jsonb NOT NULL DEFAULT '{}',
    error text,
    starts int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, import_id),
    FOREIGN KEY (tenant_id, dealer_id) REFERENCES dealer
);
CREATE TABLE import_chunk (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    n int NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (tenant_id, import_id, n),
    FOREIGN KEY (tenant_id, import_id) REFERENCES import
);
CREATE TABLE import_rejection (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    line int NOT NULL,
    field text NOT NULL,
    reason text NOT NULL,
    cells jsonb NOT NULL,
    PRIMARY KEY (tenant_id, import_id, line),
    FOREIGN KEY (tenant_id, import_id) REFERENCES import
);
CREATE TABLE missing_vehicle (
    tenant_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    vehicle_key text NOT NULL,
    missing_since date NOT NULL,
    days int NOT NULL,
    last_day date NOT NULL,
    PRIMARY KEY (tenant_id, dealer_id, vehicle_key)
);
"""

READ_MODEL = """
CREATE TABLE vehicle (
    tenant_id uuid NOT NULL,
    vehicle_key text NOT NULL,
    dealer_id uuid NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    condition text,
    segment text,
    make text,
    model text,
    stock_date date,
    group_stock_date date,
    list_price numeric(14, 2),
    cost numeric(14, 2),
    recon_cost numeric(14, 2),
    exit_date date,
    purchase_type text,
    front_gross numeric(14, 2),
    currency text NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, vehicle_key)
);
CREATE INDEX vehicle_in_stock ON vehicle (tenant_id, dealer_id, status, group_stock_date);
CREATE TABLE market (
    tenant_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    segment text NOT NULL,
    version bigint NOT NULL,
    gap double precision,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, dealer_id, segment)
);
CREATE TABLE forecast (
    tenant_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    segment text NOT NULL,
    version bigint NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, dealer_id, segment)
);
CREATE TABLE recommendation (
    tenant_id uuid NOT NULL,
    recommendation_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    action text NOT NULL,
    status text NOT NULL,
    value numeric(14, 2) NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    answer jsonb,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, recommendation_id)
);
CREATE INDEX recommendation_ranked ON recommendation (tenant_id, status, value DESC, recommendation_id);
CREATE TABLE outcome (
    tenant_id uuid NOT NULL,
    outcome_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    recommendation_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, outcome_id)
);
CREATE TABLE policy (
    tenant_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    version bigint NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, dealer_id, version)
);
"""

RULES = """
CREATE TABLE policy_rules (
    tenant_id uuid NOT NULL REFERENCES tenant,
    dealer_id uuid NOT NULL,
    version bigint NOT NULL,
    rules jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, dealer_id, version)
);
"""

IDEMPOTENCY = """
CREATE TABLE idempotency (
    tenant_id uuid NOT NULL REFERENCES tenant,
    key text NOT NULL,
    route text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    effective boolean NOT NULL DEFAULT false,
    fingerprint text,
    answer text,
    PRIMARY KEY (tenant_id, key, route)
);
CREATE INDEX idempotency_expires ON idempotency (tenant_id, began_at);
"""


def upgrade() -> None:
    """Create the tables and fence them."""
    for script in (MESSAGING_TABLES_V1, WORK_TABLE_V1, ACCOUNTS, IMPORTS, READ_MODEL, RULES, IDEMPOTENCY):
        run_script(op, script)
    run_script(
        op,
        tenant_isolation(
            "tenant", "dealer", "app_user", "refresh_token", "api_key", "audit",
            "import", "import_chunk", "import_rejection", "missing_vehicle",
            "vehicle", "market", "forecast", "recommendation", "outcome", "policy",
            "policy_rules", "idempotency",
        ),
    )  # fmt: skip
    run_script(op, lookup_exception("app_user", "username"))
    run_script(op, lookup_exception("api_key", "key_id"))
    run_script(op, lookup_exception("refresh_token", "token_hash"))
