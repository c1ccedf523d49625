"""Tables that only grow: what was written there stays, for whoever uses the application's roles.

Two fences: the service's role is not granted UPDATE and DELETE, and a trigger refuses them, and TRUNCATE, to
everybody, the owner included. An owner can drop a trigger; that is what the hash chain of such a table is for.
"""

TRIGGER = "append_only"


def append_only(table: str) -> str:
    """Give the SQL that makes a table refuse every change to its rows; grants follow it at each migration."""
    return f"""
CREATE FUNCTION {table}_{TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER {TRIGGER} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_{TRIGGER}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {TRIGGER};
"""


def withheld(schema: str, role: str) -> str:
    """Give the SQL that takes every right but SELECT and INSERT on append-only tables from a role."""
    return f"""
    DO $$
    DECLARE kept regclass;
    BEGIN
        FOR kept IN SELECT tgrelid::regclass FROM pg_trigger
                    JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE tgname = '{TRIGGER}' AND n.nspname = '{schema}' LOOP
            EXECUTE format('REVOKE ALL ON %s FROM {role}; GRANT SELECT, INSERT ON %s TO {role}', kept, kept);
        END LOOP;
    END;
    $$;
    """  # noqa: S608  # names of our own
