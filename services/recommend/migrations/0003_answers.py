"""What was answered to advice, what a shelf had when it was agreed to fill it, and what has come since."""

from alembic import op

from shared.migration import run_script

revision = "recommend_0003"
down_revision = "recommend_0002"


def upgrade() -> None:
    """Add the columns; answers that the topic still holds are read from its beginning."""
    run_script(
        op,
        """
        ALTER TABLE advice ADD COLUMN answered_at timestamptz, ADD COLUMN answer jsonb, ADD COLUMN shelf jsonb,
            ADD COLUMN arrived int NOT NULL DEFAULT 0;
        CREATE INDEX advice_answered ON advice (tenant_id, answered_at) WHERE answered_at IS NOT NULL;
        """,
    )
