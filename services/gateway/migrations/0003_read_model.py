"""The read model that pages are served from, and the rules that dealers set."""

from alembic import op

from shared.migration import run_script
from shared.postgres import tenant_isolation

revision = "gateway_0003"
down_revision = "gateway_0002"

READ_MODEL = """
CREATE TABLE vehicle (
    tenant_id uuid NOT NULL,
    vehicle_key text NOT NULL,
    dealer_id uuid NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    condition text,
    segment text,
    make text,
    model text,
    stock_date date,
    group_stock_date date,
    list_price numeric(14, 2),
    cost numeric(14, 2),
    recon_cost numeric(14, 2),
    exit_date date,
    purchase_type text,
    front_gross numeric(14, 2),
    currency text NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, vehicle_key)
)
-- Room for the next version of a vehicle beside this one, which spares the indexes.
WITH (fillfactor = 80);
-- Neither is one that a planner who knows nothing of the table yet could find single vehicles of a group by.
CREATE INDEX vehicle_by_dealer ON vehicle (dealer_id, status, group_stock_date);
CREATE INDEX vehicle_in_stock ON vehicle (tenant_id) WHERE status = 'in_stock';
CREATE TABLE market (
    tenant_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    segment text NOT NULL,
    version bigint NOT NULL,
    gap double precision,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, dealer_id, segment)
);
CREATE TABLE forecast (
    tenant_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    segment text NOT NULL,
    version bigint NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, dealer_id, segment)
);
CREATE TABLE recommendation (
    tenant_id uuid NOT NULL,
    recommendation_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    action text NOT NULL,
    status text NOT NULL,
    value numeric(14, 2) NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    answer jsonb,
    decision text NOT NULL GENERATED ALWAYS AS (coalesce(answer->>'decision', 'none')) STORED,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, recommendation_id)
);
CREATE INDEX recommendation_ranked ON recommendation (tenant_id, status, value DESC, recommendation_id);
-- A group's advice lies among that of all others; what is counted of it is counted here.
CREATE INDEX recommendation_decided ON recommendation (tenant_id, dealer_id, decision);
CREATE TABLE outcome (
    tenant_id uuid NOT NULL,
    outcome_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    recommendation_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, outcome_id)
);
CREATE TABLE policy (
    tenant_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    version bigint NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, dealer_id, version)
);
"""

RULES = """
CREATE TABLE policy_rules (
    tenant_id uuid NOT NULL REFERENCES tenant,
    dealer_id uuid NOT NULL,
    version bigint NOT NULL,
    rules jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, dealer_id, version)
);
"""


def upgrade() -> None:
    """Create the tables and fence them."""
    run_script(op, READ_MODEL)
    run_script(op, RULES)
    run_script(
        op,
        tenant_isolation("vehicle", "market", "forecast", "recommendation", "outcome", "policy", "policy_rules"),
    )
