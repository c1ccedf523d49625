"""What is told live, numbered by commit within a tenant."""

from alembic import op

from shared.migration import run_script
from shared.postgres import tenant_isolation

revision = "gateway_0005"
down_revision = "gateway_0004"

LIVE = """
CREATE TABLE live_position (
    tenant_id uuid PRIMARY KEY,
    last bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE live_event (
    tenant_id uuid NOT NULL,
    seq bigint NOT NULL,
    dealer_id uuid NOT NULL,
    kind text NOT NULL,
    items json NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, seq)
);
CREATE FUNCTION live_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('live_' || TG_TABLE_SCHEMA, tenant_id::text) FROM (SELECT DISTINCT tenant_id FROM added) AS a;
    RETURN NULL;
END;
$$;
CREATE TRIGGER live_event_wakes_streams AFTER INSERT ON live_event
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION live_notify();
"""


def upgrade() -> None:
    """Create the tables and fence them."""
    run_script(op, LIVE)
    run_script(op, tenant_isolation("live_event"))
