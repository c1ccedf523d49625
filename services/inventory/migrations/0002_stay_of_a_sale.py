"""The first day of the stay that each sale ended, to go back to where the sale falls through."""

from alembic import op

from shared.migration import run_script

revision = "inventory_0002"
down_revision = "inventory_0001"


def upgrade() -> None:
    """Add the column."""
    run_script(op, "ALTER TABLE sale ADD COLUMN stock_date date;")
