"""When an outcome that is known was recorded, so that an older one which comes late does not take its place."""

from alembic import op

from shared.migration import run_script

revision = "recommend_0002"
down_revision = "recommend_0001"


def upgrade() -> None:
    """Add the column; of outcomes noted before, the next one counts."""
    run_script(op, "ALTER TABLE advice ADD COLUMN outcome_at timestamptz;")
