"""Rebuilds that are under way: how far each has come, so that one that was cut off goes on where it was."""

from alembic import op

from shared.migration import run_script
from shared.postgres import tenant_isolation

revision = "gateway_0008"
down_revision = "gateway_0007"

REBUILDS = """
CREATE TABLE rebuild (
    tenant_id uuid NOT NULL,
    target text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    begun_by text NOT NULL,
    -- What is being walked and the last key that is done; neither before the first piece.
    copy text,
    after text[],
    counts jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, target)
);
"""


def upgrade() -> None:
    """Create the table and fence it."""
    run_script(op, REBUILDS)
    run_script(op, tenant_isolation("rebuild"))
