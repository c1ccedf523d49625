"""``doso restore``: an embedded system as it was when an archive was made."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Annotated

import typer

from doso.console import err, fail, out
from doso.terminated import as_by_ctrl_c, tell_of_drafts


def restore(
    archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Of `doso backup`.")],
    data_dir: Annotated[Path, typer.Option(help="The directory to make.")] = Path(".doso"),
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Set aside what is there; it is not deleted.")] = False,
) -> None:
    """Make a data directory of an archive; `doso up` then runs it.

    What was accepted before the backup and had not reached every service then goes on its way again when the
    system starts; similar past cases are embedded anew. A damaged archive, or one of a newer version, is refused.

    Examples: `doso restore doso-monday.tar --data-dir /srv/doso`, `doso restore doso-monday.tar --replace`.
    """
    from asyncpg import InterfaceError, PostgresError

    from deploy.local.archive import ArchiveError
    from deploy.local.archive import restore as made_of
    from deploy.local.servers import ServerError

    made = data_dir.absolute()
    tell_of_drafts(made.parent, f".{glob.escape(made.name)}-restoring-*")
    try:
        with as_by_ctrl_c(), err.status("restoring …") as status:
            manifest, aside = made_of(
                archive,
                made,
                replace=replace,
                prepare=_have_cases_embedded,
                on_progress=lambda step: status.update(f"{step} …"),
            )
    except (ArchiveError, ServerError) as error:
        fail(str(error))
    except (OSError, PostgresError, InterfaceError) as error:
        fail(f"{data_dir} could not be made, and was left as it was: {error}")
    out.print(
        f"{data_dir} is as of {manifest.created_at}; start it with `doso up --data-dir {data_dir}`",
        highlight=False,
        soft_wrap=True,
    )
    out.print(
        "people, passwords and API keys are as they were then: whoever was shut out since is in again",
        highlight=False,
        soft_wrap=True,
    )
    if aside:
        err.print(f"what was there before is in {aside}; delete it when you no longer need it", soft_wrap=True)


async def _have_cases_embedded(dsn: str) -> None:
    """Mark all ended advice: the vectors are in no archive, and recommend makes them again when it runs."""
    from doso.audit.reading import known_tenants
    from doso.rebuild.connections import connected
    from services.recommend.restating import embed_anew
    from shared.postgres.spans import Span

    async with connected(dsn) as connections:
        tenants = await known_tenants(await connections.of("gateway"), [])
        recommend = await connections.of("recommend")
        for tenant_id in tenants:
            await connections.see(tenant_id)
            await embed_anew(recommend, tenant_id, Span())
