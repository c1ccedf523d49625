"""What learning waits for: what of a rooftop's advice was open when its new outcomes were all stored."""

from alembic import op

from shared.migration import run_script
from shared.postgres import tenant_isolation

revision = "feedback_0002"
down_revision = "feedback_0001"

OPEN_EXPOSURE = """
CREATE TABLE open_exposure (
    tenant_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    -- Sales expected so far of advice that is open, as of the end of the turn that stored the newest outcomes. NULL
    -- from the first of them until that end: what they teach is owed, and what is open beside them not known yet.
    sales double precision,
    PRIMARY KEY (tenant_id, dealer_id)
);
"""


def upgrade() -> None:
    """Create the table and fence it."""
    run_script(op, OPEN_EXPOSURE)
    run_script(op, tenant_isolation("open_exposure"))
