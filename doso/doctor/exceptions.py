"""What departs from the rules of tenancy in the database, each with its reason; everything else is a finding.

A new table, key, policy or function that does not keep the rules is listed here, with a reason that holds, or it
is mended.
"""

TABLES_OF_NO_TENANT = {
    "alembic_version": "which migrations ran; no service's role may read it",
    "outbox": "events on their way to Kafka, in the order they were written, for the service's relay",
    "outbox_waiting": "ids of those that are not there yet",
    "inbox": "ids of events that were seen",
    "dead_letter": "ids of events, classes and texts of errors; of a body that does not validate no values",
    "sign_in_failure": "hashes of names and addresses, counted before it is known whose tenant it is",
    "sign_in_place": "hashes of where somebody signed in from, looked at before it is known whose tenant it is",
}
"""Tables without a tenant, in any service's schema."""

TABLES_OF_IDS = {
    "work": ("what is to be computed: workers claim it across tenants", {
        "queue", "key", "tenant_id", "dealer_id", "generation", "due_at", "latest_at", "leased_until", "claim",
        "attempts", "error",
    }),
    "series": ("which series there are: the weekly refresh looks across tenants", {
        "tenant_id", "dealer_id", "segment", "week",
    }),
    "live_position": ("how many live events each tenant was told: listeners wake across tenants", {
        "tenant_id", "last",
    }),
    "review": ("when each tenant was reviewed: the daily review looks across tenants", {"tenant_id", "reviewed_on"}),
}  # fmt: skip
"""Tables with a tenant but without a fence: they hold the columns named here and no other."""

KEYS_ACROSS_TENANTS = {
    "gateway.app_user (username)": "whose tenant it is only becomes known by finding who signs in",
    "gateway.api_key (key_id)": "credential: its id names one row wherever it is; random",
    "gateway.refresh_token (token_hash)": "credential: its hash names one row wherever it is; random",
    "gateway.invitation (token_hash)": "credential: its hash names one row wherever it is; random",
    "gateway.password_reset (token_hash)": "credential: its hash names one row wherever it is; random",
    "gateway.dms_source (source_id)": "whose tenant it is only becomes known by finding who delivers; random",
}
"""Unique keys of fenced tables that do not begin with the tenant."""

LOOKUPS = {
    "gateway.app_user credential_lookup": "signing in finds its row by the name typed in",
    "gateway.api_key credential_lookup": "a key finds its row by its id",
    "gateway.refresh_token credential_lookup": "a refresh token finds its row by its hash",
    "gateway.invitation credential_lookup": "an invitation finds its row by its hash",
    "gateway.password_reset credential_lookup": "a password reset finds its row by its hash",
    "gateway.dms_source credential_lookup": "a delivery finds its source by the id in its path",
}
"""Policies beside the tenants' own: for SELECT, of the one row that a credential names."""

DEFINERS: dict[str, str] = {}
"""Functions that run with their owner's rights; none today."""
