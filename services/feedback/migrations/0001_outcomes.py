"""Advice, answers, what happened, outcomes, policies."""

from alembic import op

from shared.messaging.schema import MESSAGING_TABLES_V1
from shared.postgres import run_script, tenant_isolation
from shared.postgres.work import WORK_TABLE_V1

revision = "feedback_0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    run_script(op, MESSAGING_TABLES_V1)
    run_script(op, WORK_TABLE_V1)
    run_script(
        op,
        """
        CREATE TABLE advice (
            tenant_id uuid NOT NULL,
            recommendation_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            vehicle_key text,
            segment text NOT NULL,
            status text NOT NULL,
            issued_at timestamptz NOT NULL,
            closed_at timestamptz,
            settled boolean NOT NULL DEFAULT false,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, recommendation_id)
        );
        CREATE INDEX advice_open ON advice (tenant_id, dealer_id) WHERE NOT settled;
        CREATE TABLE answer (
            tenant_id uuid NOT NULL,
            recommendation_id uuid NOT NULL,
            answered_at timestamptz NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, recommendation_id)
        );
        CREATE TABLE happening (
            tenant_id uuid NOT NULL,
            event_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            vehicle_key text NOT NULL,
            segment text,
            at timestamptz NOT NULL,
            kind text NOT NULL,
            happened_on date NOT NULL,
            price numeric(14, 2),
            gross numeric(14, 2),
            destination uuid,
            PRIMARY KEY (tenant_id, event_id)
        );
        CREATE INDEX happening_by_vehicle ON happening (tenant_id, vehicle_key, at);
        CREATE INDEX happening_by_segment ON happening (tenant_id, dealer_id, segment, happened_on)
            WHERE kind IN ('vehicle.stocked', 'order.received', 'vehicle.sold');
        CREATE TABLE outcome (
            tenant_id uuid NOT NULL,
            recommendation_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            recorded_at timestamptz NOT NULL,
            version int NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, recommendation_id)
        );
        CREATE TABLE weekly_forecast (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            segment text NOT NULL,
            week date NOT NULL,
            version bigint NOT NULL,
            made_on date NOT NULL,
            mean double precision NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id, segment, week)
        );
        CREATE TABLE policy (
            tenant_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            version bigint NOT NULL,
            learned_on date NOT NULL,
            parameters jsonb NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id, version)
        );
        """,
    )
    run_script(op, tenant_isolation("advice", "answer", "happening", "outcome", "weekly_forecast", "policy"))
