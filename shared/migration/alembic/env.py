"""Alembic's entry: runs the versions of one service inside its own schema, in one transaction."""

import asyncio
from typing import Any

import asyncpg
from alembic import context
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

schema: str = context.config.attributes["schema"]
dsn: str = context.config.attributes["dsn"]
made_of: str = context.config.attributes["made_of"]
"""The digests of the migrations, as a literal; noted in the very transaction that runs them."""


def run(connection: Any) -> None:
    """Run every version that is missing."""
    connection.execute(text(f"SET search_path TO {schema}"))
    context.configure(connection=connection, version_table_schema=schema, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
        connection.exec_driver_sql(f"COMMENT ON TABLE {schema}.alembic_version IS {made_of}")


async def migrate() -> None:
    """Connect with the owner's DSN as asyncpg understands it (SQLAlchemy's own URLs know no socket folder)."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn, timeout=10), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(migrate())
