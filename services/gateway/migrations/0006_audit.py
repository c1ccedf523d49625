"""The audit trail, which is only ever appended to, and what keeps it from being flooded."""

from alembic import op

from shared.migration import run_script
from shared.postgres import append_only, tenant_isolation

revision = "gateway_0006"
down_revision = "gateway_0005"

AUDIT = """
CREATE TABLE audit (
    tenant_id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL,
    client text,
    request_id text,
    previous text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (tenant_id, seq),
    -- A row is followed by one row: the chain has no forks, whatever a writer does.
    UNIQUE (tenant_id, previous)
);
CREATE INDEX audit_by_actor ON audit (tenant_id, actor, seq);
CREATE INDEX audit_by_action ON audit (tenant_id, action, seq);
CREATE INDEX audit_by_subject ON audit (tenant_id, subject, seq);
-- How often somebody named what is not theirs, so that the trail gets a few rows of it and not thousands.
CREATE TABLE access_miss (
    tenant_id uuid NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    minute timestamptz NOT NULL,
    misses int NOT NULL,
    PRIMARY KEY (tenant_id, actor, kind, minute)
);
"""


def upgrade() -> None:
    """Create the tables and fence them."""
    run_script(op, AUDIT)
    run_script(op, tenant_isolation("audit", "access_miss"))
    run_script(op, append_only("audit"))
