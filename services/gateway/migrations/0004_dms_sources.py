"""Systems that push events under a signature, and what they delivered."""

from alembic import op

from shared.migration import run_script
from shared.postgres import tenant_isolation
from shared.postgres.tenancy import lookup_exception

revision = "gateway_0004"
down_revision = "gateway_0003"

DMS_SOURCES = """
CREATE TABLE dms_source (
    tenant_id uuid NOT NULL REFERENCES tenant,
    source_id text NOT NULL UNIQUE,
    name text NOT NULL,
    adapter text NOT NULL,
    authentication text NOT NULL CHECK (authentication IN ('signature', 'basic')),
    status text NOT NULL CHECK (status IN ('active', 'disabled')),
    dealer_ids uuid[],
    dealer_codes jsonb NOT NULL DEFAULT '{}',
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_until timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source_id),
    UNIQUE (tenant_id, name)
);
CREATE TABLE dms_delivery (
    tenant_id uuid NOT NULL,
    source_id text NOT NULL,
    delivery_id text NOT NULL,
    body_hash bytea NOT NULL,
    received_at timestamptz NOT NULL,
    answer jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, source_id, delivery_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES dms_source
);
CREATE INDEX dms_delivery_newest ON dms_delivery (tenant_id, source_id, received_at);
"""


def upgrade() -> None:
    """Create the tables and fence them."""
    run_script(op, DMS_SOURCES)
    run_script(op, tenant_isolation("dms_source", "dms_delivery"))
    run_script(op, lookup_exception("dms_source", "source_id"))
