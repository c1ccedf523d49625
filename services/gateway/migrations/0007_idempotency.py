"""Requests that may be sent again, and how they were answered."""

from alembic import op

from shared.migration import run_script
from shared.postgres import tenant_isolation

revision = "gateway_0007"
down_revision = "gateway_0006"

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
    run_script(op, IDEMPOTENCY)
    run_script(op, tenant_isolation("idempotency"))
