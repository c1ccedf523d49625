"""Imports in the order in which their list shows them, so that a page of the newest reads no others."""

from alembic import op

from shared.migration import run_script

revision = "gateway_0009"
down_revision = "gateway_0008"

# The expressions are those of the list's keys: an index on the columns alone would leave the order to a sort.
NEWEST_IMPORTS = """
CREATE INDEX import_newest ON import
(tenant_id, coalesce(created_at, '-infinity') DESC, (import_id::text) COLLATE "C" DESC);
"""


def upgrade() -> None:
    """Create the index."""
    run_script(op, NEWEST_IMPORTS)
