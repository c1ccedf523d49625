"""Tenants, people, machines, and their sign-ins."""

from alembic import op

from shared.messaging.schema import MESSAGING_TABLES_V1
from shared.migration import run_script
from shared.postgres import tenant_isolation
from shared.postgres.tenancy import lookup_exception
from shared.postgres.work import WORK_TABLE_V1

revision = "gateway_0001"
down_revision = None

ACCOUNTS = """
CREATE TABLE tenant (
    tenant_id uuid PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE dealer (
    tenant_id uuid NOT NULL REFERENCES tenant,
    dealer_id uuid NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    region text NOT NULL,
    timezone text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, dealer_id),
    UNIQUE (tenant_id, name)
);
CREATE TABLE app_user (
    tenant_id uuid NOT NULL REFERENCES tenant,
    user_id uuid NOT NULL,
    username text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'buyer', 'viewer')),
    dealer_ids uuid[],
    active boolean NOT NULL DEFAULT true,
    platform boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE api_key (
    tenant_id uuid NOT NULL REFERENCES tenant,
    key_id text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    secret_hash text NOT NULL,
    dealer_ids uuid[],
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    scopes text[] NOT NULL
        CHECK (scopes <@ ARRAY['events:write', 'imports:write', 'read'] AND cardinality(scopes) > 0)
        DEFAULT ARRAY['events:write', 'imports:write']
);
"""

SIGN_INS = """
CREATE TABLE sign_in (
    tenant_id uuid NOT NULL,
    sign_in_id uuid NOT NULL,
    user_id uuid NOT NULL,
    began_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    address text NOT NULL,
    device text NOT NULL,
    PRIMARY KEY (tenant_id, sign_in_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user
);
CREATE INDEX sign_in_of_user ON sign_in (tenant_id, user_id);
CREATE INDEX sign_in_expiring ON sign_in (tenant_id, expires_at);
CREATE TABLE refresh_token (
    tenant_id uuid NOT NULL,
    sign_in_id uuid NOT NULL,
    token_hash text NOT NULL PRIMARY KEY,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    FOREIGN KEY (tenant_id, sign_in_id) REFERENCES sign_in ON DELETE CASCADE
);
CREATE INDEX refresh_token_of_sign_in ON refresh_token (tenant_id, sign_in_id);
CREATE TABLE second_factor (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    sealed_secret bytea NOT NULL,
    last_step bigint NOT NULL DEFAULT 0,
    confirmed_at timestamptz,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user
);
CREATE TABLE recovery_code (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    code_hash text NOT NULL,
    PRIMARY KEY (tenant_id, user_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user
);
CREATE TABLE invitation (
    tenant_id uuid NOT NULL REFERENCES tenant,
    invitation_id uuid NOT NULL,
    token_hash text NOT NULL UNIQUE,
    username text NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'buyer', 'viewer')),
    dealer_ids uuid[],
    invited_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    PRIMARY KEY (tenant_id, invitation_id),
    FOREIGN KEY (tenant_id, invited_by) REFERENCES app_user
);
CREATE TABLE password_reset (
    tenant_id uuid NOT NULL,
    reset_id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash text NOT NULL UNIQUE,
    issued_by uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, reset_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user,
    FOREIGN KEY (tenant_id, issued_by) REFERENCES app_user
);
CREATE TABLE sign_in_failure (
    key bytea PRIMARY KEY,
    failures int NOT NULL,
    last_at timestamptz NOT NULL,
    retry_at timestamptz NOT NULL
);
CREATE INDEX sign_in_failure_old ON sign_in_failure (last_at);
CREATE TABLE sign_in_place (
    key bytea PRIMARY KEY,
    last_at timestamptz NOT NULL
);
CREATE INDEX sign_in_place_old ON sign_in_place (last_at);
"""


def upgrade() -> None:
    """Create the tables and fence them."""
    for script in (MESSAGING_TABLES_V1, WORK_TABLE_V1, ACCOUNTS, SIGN_INS):
        run_script(op, script)
    run_script(
        op,
        tenant_isolation(
            "tenant", "dealer", "app_user", "api_key",
            "sign_in", "refresh_token", "second_factor", "recovery_code", "invitation",
            "password_reset",
        ),
    )  # fmt: skip
    run_script(op, lookup_exception("app_user", "username"))
    run_script(op, lookup_exception("api_key", "key_id"))
    run_script(op, lookup_exception("refresh_token", "token_hash"))
    run_script(op, lookup_exception("invitation", "token_hash"))
    run_script(op, lookup_exception("password_reset", "token_hash"))
