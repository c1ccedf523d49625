"""Listings, own stock and sales, published statistics."""

from alembic import op

from shared.messaging.schema import MESSAGING_TABLES_V1
from shared.migration import run_script
from shared.postgres import tenant_isolation
from shared.postgres.work import WORK_TABLE_V1

revision = "market_0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    run_script(op, MESSAGING_TABLES_V1)
    run_script(op, WORK_TABLE_V1)
    run_script(
        op,
        """
        CREATE TABLE region (
            tenant_id uuid NOT NULL,
            region text NOT NULL,
            currency text NOT NULL,
            generation bigint NOT NULL,
            PRIMARY KEY (tenant_id, region)
        );
        CREATE TABLE listing (
            tenant_id uuid NOT NULL,
            region text NOT NULL,
            listing_id text NOT NULL,
            vin text,
            segment text NOT NULL,
            label text NOT NULL,
            trim text,
            certified boolean,
            seller text,
            price numeric(14, 2),
            odometer_km int,
            model_year int,
            first_seen date NOT NULL,
            last_seen date NOT NULL,
            active boolean NOT NULL,
            PRIMARY KEY (tenant_id, region, listing_id)
        );
        CREATE TABLE listing_price (
            tenant_id uuid NOT NULL,
            region text NOT NULL,
            listing_id text NOT NULL,
            seen_on date NOT NULL,
            price numeric(14, 2) NOT NULL,
            PRIMARY KEY (tenant_id, region, listing_id, seen_on)
        );
        CREATE TABLE own_unit (
            tenant_id uuid NOT NULL,
            vehicle_key text NOT NULL,
            dealer_id uuid NOT NULL,
            version bigint NOT NULL,
            region text NOT NULL,
            currency text NOT NULL,
            vin text,
            segment text NOT NULL,
            label text NOT NULL,
            model_year int,
            trim text,
            certified boolean,
            odometer_km int,
            quantity int NOT NULL,
            status text NOT NULL,
            exit_date date,
            PRIMARY KEY (tenant_id, vehicle_key)
        )
        -- Room for the next version of a row beside this one, which spares the indexes.
        WITH (fillfactor = 80);
        CREATE INDEX own_unit_by_dealer ON own_unit (tenant_id, dealer_id, status);
        CREATE TABLE statistic (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            segment text NOT NULL,
            version bigint NOT NULL,
            published_at timestamptz NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id, segment)
        );
        """,
    )
    run_script(op, tenant_isolation("region", "listing", "listing_price", "own_unit", "statistic"))
