"""Whether a unit in stock is for sale, promised to a customer, or held."""

from alembic import op

from shared.migration import run_script

revision = "recommend_0004"
down_revision = "recommend_0003"


def upgrade() -> None:
    """Add the column; of what was told before it is not known."""
    run_script(op, "ALTER TABLE unit ADD COLUMN availability text;")
