"""What was answered to advice, and what was on the way to a shelf when it was advised to fill it."""

from alembic import op

from shared.migration import run_script

revision = "recommend_0003"
down_revision = "recommend_0002"


def upgrade() -> None:
    """Add the columns; answers that the topic still holds are read from its beginning."""
    run_script(
        op,
        """
        ALTER TABLE advice ADD COLUMN answered_at timestamptz, ADD COLUMN answer jsonb, ADD COLUMN inbound int;
        CREATE INDEX advice_answered ON advice (tenant_id, answered_at) WHERE answered_at IS NOT NULL;
        """,
    )
