"""Imports: the files as they came, how each went, and the rows that were refused."""

from alembic import op

from shared.migration import run_script
from shared.postgres import tenant_isolation

revision = "gateway_0002"
down_revision = "gateway_0001"

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


def upgrade() -> None:
    """Create the tables and fence them."""
    run_script(op, IMPORTS)
    run_script(op, tenant_isolation("import", "import_chunk", "import_rejection", "missing_vehicle"))
