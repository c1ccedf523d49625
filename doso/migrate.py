"""``doso migrate``: schemas, roles and topics of a deployment."""

import asyncio
import os
from collections.abc import Mapping
from typing import Annotated

import typer

from doso.console import fail, out
from doso.secrets import password_variable


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

    Each service's role gets the password in its own variable, DOSO_GATEWAY_POSTGRES_PASSWORD and so on: all of them
    or, on a server that asks for none, none.

    Example: `DOSO_POSTGRES_DSN=postgresql://owner@db/doso doso migrate`.
    """
    if not dsn:
        fail("no database: set DOSO_POSTGRES_DSN or pass --dsn postgresql://owner@host/database")
    from aiokafka.errors import KafkaError
    from asyncpg import InterfaceError, PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    from deploy.local.pipeline import SERVICES
    from shared.migration import UnknownSchemaError

    passwords = {service: os.environ.get(password_variable(service)) for service in SERVICES}
    missing = [password_variable(service) for service, password in passwords.items() if not password]
    if missing and (len(missing) < len(SERVICES) or "DOSO_POSTGRES_PASSWORD" in os.environ):
        fail(f"every service's role has a password of its own; set also {', '.join(missing)} (see `doso secrets`)")
    try:
        asyncio.run(_migrate(dsn, kafka, replication, passwords))
    except UnknownSchemaError as error:
        fail(str(error))
    except (OSError, PostgresError, InterfaceError, SQLAlchemyError) as error:
        fail(f"the database did not take the migration: {error}")
    except ValueError as error:  # the settings of Kafka, which say themselves what is wrong with them
        fail(str(error))
    except KafkaError as error:
        fail(f"Kafka at {kafka} did not make the topics: {error}")


async def _migrate(dsn: str, kafka: str, replication: int, passwords: Mapping[str, str | None]) -> None:
    from shared.messaging import KafkaSettings, ensure_topics
    from shared.migration import migrate as migrate_service

    for service, password in passwords.items():
        await migrate_service(service, dsn, role_password=password or None)
        out.print(f"{service}: schema is up to date")
    if kafka:
        created = await ensure_topics(KafkaSettings(bootstrap_servers=kafka), replication=replication)
        out.print(f"topics: {len(created)} created, the others were there")
