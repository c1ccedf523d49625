"""Whether the gross of a sale was stated or worked out, and when the file was received that it is of."""

from alembic import op

from shared.migration import run_script

revision = "inventory_0003"
down_revision = "inventory_0002"


def upgrade() -> None:
    """Add the columns; of earlier sales neither is known."""
    run_script(op, "ALTER TABLE sale ADD COLUMN gross_stated boolean, ADD COLUMN filed_at timestamptz;")
