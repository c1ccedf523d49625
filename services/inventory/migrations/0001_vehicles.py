"""Vehicles, their history, the sales ledger."""

from alembic import op

from shared.messaging.schema import MESSAGING_TABLES_V1
from shared.migration import run_script
from shared.postgres import tenant_isolation

revision = "inventory_0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    run_script(op, MESSAGING_TABLES_V1)
    run_script(
        op,
        """
        CREATE TABLE dealer (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            name text NOT NULL,
            currency text NOT NULL,
            region text NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id)
        );
        CREATE TABLE vehicle (
            tenant_id uuid NOT NULL,
            vehicle_key text NOT NULL,
            dealer_id uuid NOT NULL,
            status text NOT NULL,
            last_at timestamptz NOT NULL,
            last_id uuid NOT NULL,
            version bigint NOT NULL,
            previous_dealer_id uuid,
            vin text,
            stock_number text,
            condition text,
            model_year int,
            make text,
            model text,
            trim text,
            body text,
            drivetrain text,
            fuel text,
            exterior_color text,
            odometer int,
            odometer_unit text,
            msrp numeric(14, 2),
            invoice numeric(14, 2),
            cost numeric(14, 2),
            recon_cost numeric(14, 2),
            list_price numeric(14, 2),
            priced_on date,
            price_history jsonb NOT NULL,
            stock_date date,
            group_stock_date date,
            sale_date date,
            sale_price numeric(14, 2),
            purchase_type text,
            front_gross numeric(14, 2),
            back_gross numeric(14, 2),
            exit_date date,
            quantity int NOT NULL,
            expected_date date,
            leads int,
            photo_count int,
            received_at timestamptz,
            PRIMARY KEY (tenant_id, vehicle_key)
        )
        -- Room for the next version of a row beside this one, which spares the indexes.
        WITH (fillfactor = 80);
        -- Not by tenant first: a planner that knows nothing of the table yet would find single vehicles by it.
        CREATE INDEX vehicle_stock_number ON vehicle (dealer_id, stock_number);
        CREATE TABLE vehicle_event (
            tenant_id uuid NOT NULL,
            vehicle_key text NOT NULL,
            at timestamptz NOT NULL,
            event_id uuid NOT NULL,
            kind text NOT NULL,
            dealer_id uuid NOT NULL,
            facts jsonb NOT NULL,
            received_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, vehicle_key, at, event_id)
        );
        CREATE TABLE sale (
            tenant_id uuid NOT NULL,
            vehicle_key text NOT NULL,
            event_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            sale_date date NOT NULL,
            sale_price numeric(14, 2),
            front_gross numeric(14, 2),
            back_gross numeric(14, 2),
            purchase_type text,
            wholesale boolean NOT NULL,
            unwound_on date,
            PRIMARY KEY (tenant_id, vehicle_key, event_id)
        );
        """,
    )
    run_script(op, tenant_isolation("dealer", "vehicle", "vehicle_event", "sale"))
