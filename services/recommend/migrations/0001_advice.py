"""The book that advice is computed from, and the advice."""

from alembic import op

from shared.messaging.schema import MESSAGING_TABLES_V1
from shared.migration import run_script
from shared.postgres import tenant_isolation
from shared.postgres.work import WORK_TABLE_V1

revision = "recommend_0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    run_script(op, MESSAGING_TABLES_V1)
    run_script(op, WORK_TABLE_V1)
    run_script(
        op,
        """
        CREATE TABLE rooftop (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            name text NOT NULL,
            currency text NOT NULL,
            policy_version bigint NOT NULL DEFAULT 0,
            parameters jsonb NOT NULL DEFAULT '{}',
            PRIMARY KEY (tenant_id, dealer_id)
        );
        CREATE TABLE unit (
            tenant_id uuid NOT NULL,
            vehicle_key text NOT NULL,
            dealer_id uuid NOT NULL,
            version bigint NOT NULL,
            status text NOT NULL,
            segment text NOT NULL,
            label text NOT NULL,
            quantity int NOT NULL,
            vin text,
            stock_number text,
            condition text,
            model_year int,
            make text,
            model text,
            trim text,
            odometer_km double precision,
            cost double precision,
            recon_cost double precision,
            list_price double precision,
            msrp double precision,
            priced_on date,
            price_history jsonb NOT NULL,
            stock_date date,
            group_stock_date date,
            expected_date date,
            exit_date date,
            front_gross double precision,
            back_gross double precision,
            PRIMARY KEY (tenant_id, vehicle_key)
        )
        -- Room for the next version of a row beside this one, which spares the indexes.
        WITH (fillfactor = 80);
        CREATE INDEX unit_by_status ON unit (tenant_id, status, exit_date);
        CREATE TABLE market (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            segment text NOT NULL,
            version bigint NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id, segment)
        );
        CREATE TABLE demand (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            segment text NOT NULL,
            version bigint NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id, segment)
        );
        CREATE TABLE advice (
            tenant_id uuid NOT NULL,
            recommendation_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            status text NOT NULL,
            expires_at timestamptz NOT NULL,
            event jsonb NOT NULL,
            closed_because text,
            outcome text,
            -- Counts what made its case worth embedding anew; what the vector store has is never newer.
            case_version bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (tenant_id, recommendation_id)
        );
        CREATE INDEX advice_standing ON advice (tenant_id) WHERE status = 'issued';
        -- Set by dealers, apart from what is learned; dealer_id is all zeros for the tenant's default.
        CREATE TABLE rules (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            version bigint NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id)
        );
        -- Ids and days only, so that the daily review may look across tenants.
        CREATE TABLE review (
            tenant_id uuid PRIMARY KEY,
            reviewed_on date NOT NULL
        );
        CREATE INDEX review_by_day ON review (reviewed_on);
        """,
    )
    run_script(op, tenant_isolation("rooftop", "unit", "market", "demand", "advice", "rules"))
