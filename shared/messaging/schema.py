"""The messaging tables that every service's schema holds; versioned, because migrations quote them."""

MESSAGING_TABLES_V1 = """
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL,
    key text NOT NULL,
    payload bytea NOT NULL,
    headers jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;
CREATE INDEX outbox_age ON outbox USING brin (created_at) WITH (autosummarize = on);
CREATE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox_' || TG_TABLE_SCHEMA, '');
    RETURN NULL;
END;
$$;
CREATE TRIGGER outbox_wakes_relay AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify();
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY,
    topic text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX inbox_age ON inbox USING brin (seen_at) WITH (autosummarize = on);
CREATE TABLE dead_letter (
    topic text NOT NULL,
    position text NOT NULL,
    digest bytea NOT NULL,
    event_id uuid,
    error_class text NOT NULL,
    error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    replayed_at timestamptz,
    replayed_by text,
    PRIMARY KEY (topic, position, digest)
);
CREATE INDEX dead_letter_event ON dead_letter (event_id);
CREATE INDEX dead_letter_age ON dead_letter (parked_at);
"""
