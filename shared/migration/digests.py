"""Which statements a schema was made of, so that a migration that was changed after it had run shows.

Alembic knows the migrations of a schema by name only. A database made by another build, whose migration of the same
name made other tables, would be taken for up to date, and every statement about what it lacks would fail for ever.
"""

import io
import json
from hashlib import sha256

import asyncpg
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError

_DIGITS = 16


class UnknownSchemaError(Exception):
    """A schema was made by migrations that this version of DOSO does not have."""


async def refuse_unknown(connection: "asyncpg.Connection[asyncpg.Record]", service: str, config: Config) -> None:
    """Compare what a schema was made of with the migrations here; raises ``UnknownSchemaError``."""
    revision, noted = await _noted(connection, service)
    if revision is None:
        return
    try:
        known = digests(config, revision)
    except ResolutionError as error:
        message = (
            f"the schema {service} is at {revision}, which this version of DOSO does not know: use the newer version"
            " that made it"
        )
        raise UnknownSchemaError(message) from error
    changed = sorted(name for name, digest in known.items() if noted.get(name) != digest)
    if changed:
        message = (
            f"the schema {service} was made by another build of DOSO, with another {', '.join(changed)}:"
            " use that build, or begin with an empty database"
        )
        raise UnknownSchemaError(message)


def as_literal(config: Config) -> str:
    """Give the digests of all migrations as an SQL literal, to be noted beside the name of the newest."""
    return "'" + json.dumps(digests(config, "head"), sort_keys=True) + "'"


def digests(config: Config, revision: str) -> dict[str, str]:
    """Give the digest of the statements of each migration up to ``revision``; raises ``ResolutionError``."""
    found = {}
    for script in ScriptDirectory.from_config(config).iterate_revisions(revision, "base"):
        statements = io.StringIO()
        offline = {"as_sql": True, "output_buffer": statements}
        with Operations.context(MigrationContext.configure(dialect_name="postgresql", opts=offline)):
            script.module.upgrade()
        found[script.revision] = sha256(_bare(statements.getvalue()).encode()).hexdigest()[:_DIGITS]
    return found


def _bare(statements: str) -> str:
    """Leave out comments, line ends and indents, which make nothing."""
    lines = (line.partition("--")[0] for line in statements.splitlines())
    return " ".join(" ".join(lines).split())


async def _noted(connection: "asyncpg.Connection[asyncpg.Record]", service: str) -> tuple[str | None, dict[str, str]]:
    """Read at which migration a schema is, if at any, and what was noted of those that made it."""
    table = f"{service}.alembic_version"
    if await connection.fetchval("SELECT to_regclass($1)", table) is None:
        return None, {}
    revision = await connection.fetchval(f"SELECT version_num FROM {table}")  # noqa: S608  # one of our services
    text = await connection.fetchval("SELECT obj_description($1::regclass, 'pg_class')", table)
    return revision, json.loads(text) if text else {}
