"""Advice, answers, what happened, outcomes, policies."""

from alembic import op

from shared.messaging.schema import MESSAGING_TABLES_V1
from shared.migration import run_script
from shared.postgres import tenant_isolation
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
            action text NOT NULL,
            vehicle_key text,
            segment text NOT NULL,
            status text NOT NULL,
            issued_at timestamptz NOT NULL,
            closed_at timestamptz,
            settled boolean NOT NULL DEFAULT false,
            -- What its fixed window watches; whether it is the first of its action on that, and the first at all
            -- of those that could have been held out.
            subject text,
            is_first boolean NOT NULL,
            opens boolean NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, recommendation_id)
        );
        -- Not by tenant first: by the fence, which may name several, nothing comes in the order of its times.
        CREATE INDEX advice_open ON advice (dealer_id, issued_at, recommendation_id) WHERE NOT settled;
        CREATE INDEX advice_first ON advice (subject, action) WHERE is_first;
        CREATE INDEX advice_opens ON advice (subject) WHERE opens;
        CREATE TABLE answer (
            tenant_id uuid NOT NULL,
            recommendation_id uuid NOT NULL,
            answered_at timestamptz NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, recommendation_id)
        );
        CREATE TABLE vehicle_state (
            tenant_id uuid NOT NULL,
            vehicle_key text NOT NULL,
            version bigint NOT NULL,
            dealer_id uuid NOT NULL,
            segment text,
            at timestamptz NOT NULL,
            status text NOT NULL,
            list_price numeric(14, 2),
            priced_on date,
            stock_date date,
            group_stock_date date,
            exit_date date,
            front_gross numeric(14, 2),
            PRIMARY KEY (tenant_id, vehicle_key, version)
        );
        -- Not by tenant first: a planner that knows nothing of the table yet would find single vehicles by it.
        CREATE INDEX vehicle_state_arrived ON vehicle_state (dealer_id, group_stock_date);
        CREATE INDEX vehicle_state_sold ON vehicle_state (dealer_id, segment, exit_date)
            WHERE status = 'sold';
        CREATE TABLE outcome (
            tenant_id uuid NOT NULL,
            recommendation_id uuid NOT NULL,
            dealer_id uuid NOT NULL,
            recorded_at timestamptz NOT NULL,
            version int NOT NULL,
            action text NOT NULL,
            ended_on date NOT NULL,
            vehicle_keys text[] NOT NULL,
            -- What it teaches, so that learning adds up columns and reads no documents.
            counts int NOT NULL,
            sales int NOT NULL,
            expected_sales double precision NOT NULL,
            gross_error double precision,
            discount double precision,
            arrivals int NOT NULL,
            lead_days double precision NOT NULL,
            claimed double precision,
            is_right int NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, recommendation_id)
        );
        CREATE INDEX outcome_lessons ON outcome (tenant_id, ended_on)
            INCLUDE (dealer_id, action, counts, sales, expected_sales, gross_error, discount, arrivals, lead_days,
                claimed, is_right);
        CREATE INDEX outcome_claims ON outcome (tenant_id) WHERE vehicle_keys <> '{}';
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
            -- As it was published: with what it replaced, and why.
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, dealer_id, version)
        );
        """,
    )
    run_script(op, tenant_isolation("advice", "answer", "vehicle_state", "outcome", "weekly_forecast", "policy"))
