"""``doso create-admin``: the first admin of a deployment."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from doso.console import fail, out

if TYPE_CHECKING:
    from services.gateway.bootstrap import FirstAdmin


def create_admin(
    group: Annotated[str, typer.Option(help="Name of the first dealer group.")],
    username: Annotated[str, typer.Option(help="Name to sign in with.")] = "admin",
    dsn: Annotated[str, typer.Option(envvar="DOSO_POSTGRES_DSN", help="The database.")] = "",
) -> None:
    """Make the first dealer group, its admin and a DMS key, and print their secrets, once.

    Runs as the gateway's own database role, whose password is in DOSO_POSTGRES_PASSWORD or, as for `doso migrate`,
    in DOSO_GATEWAY_POSTGRES_PASSWORD, where the server asks.

    Example: `doso create-admin --group "Northside Group"`.
    """
    if not dsn:
        fail("no database: set DOSO_POSTGRES_DSN or pass --dsn postgresql://host/database")
    from asyncpg import InterfaceError, PostgresError

    try:
        admin = asyncio.run(_create(dsn, group, username))
    except (OSError, PostgresError, InterfaceError) as error:
        fail(f"the database did not answer, or refused: {error}")
    if admin is None:
        fail(f"there is a user {username!r} already; nothing was changed")
    secrets = {
        "username": admin.username,
        "password": admin.password,
        "tenant_id": str(admin.tenant_id),
        "dms_api_key": admin.dms_api_key,
    }
    out.print_json(json.dumps(secrets))


async def _create(dsn: str, group: str, username: str) -> "FirstAdmin | None":
    from doso.gateway_role import gateway_work
    from services.gateway.bootstrap import bootstrap

    async with gateway_work(dsn) as work:
        return await bootstrap(work, tenant_name=group, username=username)
