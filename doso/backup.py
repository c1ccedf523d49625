"""``doso backup``: the state of an embedded system as one file."""

from pathlib import Path
from typing import Annotated

import typer

from doso.console import err, fail, out
from doso.terminated import as_by_ctrl_c, tell_of_drafts


def backup(
    archive: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    data_dir: Annotated[Path, typer.Option(help="Of `doso up`, running or not.")] = Path(".doso"),
) -> None:
    """Write everything that cannot be made again to one file, while the system runs.

    The file holds the database as it was at one moment, and the system's SECRETS: signing and encryption keys and
    the first admin's password. Only its owner may read it; keep it where only those may who may run the system.

    Examples: `doso backup doso-monday.tar`, `doso backup /backups/doso.tar --data-dir /srv/doso`.
    """
    from asyncpg import InterfaceError, PostgresError

    from deploy.local.archive import ArchiveError, back_up
    from deploy.local.servers import ServerError

    tell_of_drafts(archive.absolute().parent, ".doso-backup-*")
    try:
        with as_by_ctrl_c(), err.status("backing up …") as status:
            manifest = back_up(data_dir.absolute(), archive.absolute(), lambda step: status.update(f"{step} …"))
    except (ArchiveError, ServerError) as error:
        fail(str(error))
    except (OSError, PostgresError, InterfaceError) as error:
        fail(f"the database of {data_dir} did not answer, or refused: {error}")
    size = archive.stat().st_size / 1e6
    out.print(f"{archive}: {size:.1f} MB, as of {manifest.created_at}", highlight=False, soft_wrap=True)
    err.print("It holds secrets; see `docs/operations.md` for how long to keep it.", style="dim")
