"""Migrations: how schemas and roles are made, by commands and jobs; a service that runs needs none of it."""

from shared.migration.digests import UnknownSchemaError
from shared.migration.migrate import create_role, known_revisions, migrate, run_script, statement_digests

__all__ = ["UnknownSchemaError", "create_role", "known_revisions", "migrate", "run_script", "statement_digests"]
