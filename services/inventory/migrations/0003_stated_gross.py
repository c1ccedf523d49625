"""Whether the gross of a sale was stated, or worked out of price and cost and to be worked out again with them."""

from alembic import op

from shared.migration import run_script

revision = "inventory_0003"
down_revision = "inventory_0002"


def upgrade() -> None:
    """Add the column; of earlier sales it is not known."""
    run_script(op, "ALTER TABLE sale ADD COLUMN gross_stated boolean;")
