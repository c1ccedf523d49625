"""``doso migrate``: schemas, roles and topics of a deployment."""

import asyncio
import os
from typing import Annotated

import typer

from doso.console import fail, out


def migrate(
    dsn: Annotated[
        str, typer.Option(envvar="DOSO_POSTGRES_DSN", help="As a role that may create schemas and roles.")
    ] = "",
    kafka: Annotated[
        str, typer.Option(envvar="DOSO_KAFKA_BOOTSTRAP_SERVERS", help="Create the topics here too.")
    ] = "",
    replication: Annotated[int, typer.Option(help="Replication factor of new topics.")] = 1,
) -> None:
    """Bring the database of a deployment up to date, and create the topics that are missing.

    The services' roles get the password in DOSO_POSTGRES_PASSWORD, where it is set.

    Example: `DOSO_POSTGRES_DSN=postgresql://owner@db/doso doso migrate`.
    """
    if not dsn:
        fail("no database: set DOSO_POSTGRES_DSN or pass --dsn postgresql://owner@host/database")
    from aiokafka.errors import KafkaError
    from asyncpg import InterfaceError, PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        asyncio.run(_migrate(dsn, kafka, replication))
    except (OSError, PostgresError, InterfaceError, SQLAlchemyError) as error:
        fail(f"the database did not take the migration: {error}")
    except ValueError as error:  # the settings of Kafka, which say themselves what is wrong with them
        fail(str(error))
    except KafkaError as error:
        fail(f"Kafka at {kafka} did not make the topics: {error}")


async def _migrate(dsn: str, kafka: str, replication: int) -> None:
    from deploy.local.pipeline import SERVICES
    from shared.messaging import KafkaSettings, ensure_topics
    from shared.postgres import migrate as migrate_service

    for service in SERVICES:
        await migrate_service(service, dsn, role_password=os.environ.get("DOSO_POSTGRES_PASSWORD"))
        out.print(f"{service}: schema is up to date")
    if kafka:
        created = await ensure_topics(KafkaSettings(bootstrap_servers=kafka), replication=replication)
        out.print(f"topics: {len(created)} created, the others were there")
