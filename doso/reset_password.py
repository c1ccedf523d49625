"""``doso reset-password``: in again, when nobody is left inside who could open the door."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doso.console import fail, out

if TYPE_CHECKING:
    from services.gateway.bootstrap import LetInAgain


def reset_password(
    username: Annotated[str, typer.Argument(help="The name to sign in with.")],
    dsn: Annotated[str, typer.Option(envvar="DOSO_POSTGRES_DSN", help="The database.")] = "",
    data_dir: Annotated[Path | None, typer.Option(help="The database of a running `doso up` instead.")] = None,
    remove_second_factor: Annotated[
        bool, typer.Option("--remove-second-factor", help="The authenticator and the recovery codes are gone too.")
    ] = False,
) -> None:
    """Give somebody who is locked out a new password, and print it, once. Every sign-in of theirs ends.

    For when no admin is left who could issue a reset (`POST /users/{id}/password-reset`). Somebody who was
    deactivated is active again. The audit trail says that it was done. Runs as the gateway's own database role,
    whose password is in DOSO_POSTGRES_PASSWORD or, as for `doso migrate`, in DOSO_GATEWAY_POSTGRES_PASSWORD, where
    the server asks.

    Examples: `doso reset-password admin`, `doso reset-password admin --data-dir .doso --remove-second-factor`.
    """
    if data_dir is not None:
        from deploy.local.servers import PostgresServer

        dsn = PostgresServer(data_dir.absolute()).dsn()
    if not dsn:
        fail("no database: set DOSO_POSTGRES_DSN, pass --dsn postgresql://host/database, or --data-dir")
    from asyncpg import InterfaceError, PostgresError

    try:
        found = asyncio.run(_reset(dsn, username, remove_second_factor=remove_second_factor))
    except (OSError, PostgresError, InterfaceError) as error:
        fail(f"the database did not answer, or refused: {error}")
    if found is None:
        fail(f"there is no user {username!r}; nothing was changed")
    told = {
        "username": found.username,
        "password": found.password,
        "sign_ins_ended": found.sign_ins_ended,
        "second_factor_removed": found.second_factor_removed,
    }
    out.print_json(json.dumps(told))


async def _reset(dsn: str, username: str, *, remove_second_factor: bool) -> "LetInAgain | None":
    from doso.gateway_role import gateway_work
    from services.gateway.bootstrap import let_in_again

    async with gateway_work(dsn) as work:
        return await let_in_again(work, username, remove_second_factor=remove_second_factor)
