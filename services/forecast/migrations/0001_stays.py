"""Stays of vehicles at rooftops, market rates, forecasts."""

from alembic import op

from shared.messaging.schema import MESSAGING_TABLES_V1
from shared.migration import run_script
from shared.postgres import tenant_isolation
from shared.postgres.work import WORK_TABLE_V1

revision = "forecast_0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    run_script(op, MESSAGING_TABLES_V1)
    run_script(op, WORK_TABLE_V1)
    run_script(
        op,
        """
        CREATE TABLE stay (
            tenant_id uuid NOT NULL,
            vehicle_key text NOT NULL,
            n int NOT NULL,
            dealer_id uuid NOT NULL,
            version bigint NOT NULL,
            segment text NOT NULL,
            label text NOT NULL,
            stocked date,
            left_on date,
            sold boolean NOT NULL,
            first_year int,
            last_year int,
            trim text,
            body text,
            drivetrain text,
            fuel text,
            PRIMARY KEY (tenant_id, vehicle_key, n)
        );
        CREATE INDEX stay_by_dealer ON stay (dealer_id);
        CREATE INDEX stay_sold ON stay (tenant_id, left_on) WHERE sold;
        CREATE TABLE market_rate (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            segment text NOT NULL,
            version bigint NOT NULL,
            label text NOT NULL,
            sold_per_day double precision NOT NULL,
            own_share double precision,
            PRIMARY KEY (tenant_id, dealer_id, segment)
        );
        CREATE TABLE policy (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            version bigint NOT NULL,
            demand_scale double precision NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id)
        );
        CREATE TABLE rooftop (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            region text NOT NULL,
            -- How often what it lends its sisters changed; the sum tells a tenant's sales from those read before.
            sales_version bigint NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id)
        );
        CREATE TABLE forecast (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            segment text NOT NULL,
            version bigint NOT NULL,
            as_of date NOT NULL,
            digest text NOT NULL,
            -- As it was published, so that it can be told again to whoever lost it.
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id, segment)
        );
        -- Ids and weeks only, so that the weekly refresh may look across tenants.
        CREATE TABLE series (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            segment text NOT NULL,
            week date NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id, segment)
        );
        CREATE INDEX series_by_week ON series (week);
        """,
    )
    run_script(op, tenant_isolation("stay", "market_rate", "policy", "rooftop", "forecast"))
