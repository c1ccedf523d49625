"""Making a data directory of an archive: whole, or not at all."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from deploy.local.archive.manifest import DUMP, ArchiveError, Manifest, read_manifest, unpack
from deploy.local.pipeline import SERVICES
from deploy.local.servers import PostgresServer
from deploy.local.servers.ownership import Ownership
from deploy.local.servers.postgres import MAJOR_VERSION
from deploy.local.sweep import Sweep
from shared.migration import UnknownSchemaError, create_role, known_revisions, migrate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Progress = Callable[[str], None]
    Prepare = Callable[[str], Awaitable[None]]


def restore(
    archive: Path, data_dir: Path, *, replace: bool, prepare: Prepare, on_progress: Progress
) -> tuple[Manifest, Path | None]:
    """Make ``data_dir`` what it was when ``archive`` was made; gives the manifest and where the old one was put.

    What had not been taken in by every consumer then is offered again when the system starts. ``prepare`` gets the
    address of the restored database before anybody else does. A directory that is not empty is refused unless
    ``replace`` is set, and then set aside, not deleted. Blocks. Raises ``ArchiveError``, and ``ServerError`` where
    the directory is in use or the database cannot be started.
    """
    manifest = read_manifest(archive)
    _refuse_newer(manifest)
    occupied = data_dir.is_dir() and any(data_dir.iterdir())
    if occupied and not replace:
        raise ArchiveError(f"{data_dir} is not empty: give another --data-dir, or --replace to set that one aside")
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    claim = Ownership(data_dir.resolve() / "postgres.lock")
    if occupied:
        claim.acquire()  # nobody runs on it, and nobody begins to while we work
    draft = Path(tempfile.mkdtemp(prefix=f".{data_dir.name}-restoring-", dir=data_dir.parent))
    try:
        on_progress("checking the archive")
        for path in unpack(archive, manifest, draft):
            on_progress(f"unpacked {path.name}")
        asyncio.run(_database(draft, prepare, on_progress))
        (draft / DUMP).unlink()
        aside = _set_aside(data_dir) if occupied else None
        if data_dir.is_dir():
            data_dir.rmdir()  # it is empty
        draft.rename(data_dir)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    finally:
        claim.release()
    return manifest, aside


async def _database(draft: Path, prepare: Prepare, on_progress: Progress) -> None:
    server = PostgresServer(draft)
    on_progress("starting PostgreSQL")
    await asyncio.to_thread(server.start)
    try:
        connection = await asyncpg.connect(server.dsn(), timeout=10)
        try:
            for service in SERVICES:
                await create_role(connection, service)  # rights are granted to them as the dump is read
        finally:
            await connection.close()
        on_progress("reading the database")
        await asyncio.to_thread(server.load, draft / DUMP)
        try:
            for service in SERVICES:
                await migrate(service, server.dsn())
        except UnknownSchemaError as error:
            raise ArchiveError(f"the archive is of another build of DOSO: {error}") from error
        on_progress("offering again what was under way")
        await Sweep(server.dsn()).once()
        await prepare(server.dsn())
    finally:
        await asyncio.to_thread(server.stop)


def _refuse_newer(manifest: Manifest) -> None:
    if manifest.postgres > int(MAJOR_VERSION):
        message = (
            f"the archive is of PostgreSQL {manifest.postgres}, this is {MAJOR_VERSION}: restore it with DOSO"
            f" {manifest.doso} or newer"
        )
        raise ArchiveError(message)
    for service, revision in manifest.schemas.items():
        if service not in SERVICES or revision not in known_revisions(service):
            message = (
                f"the archive's schema of {service} is at {revision}, which this version does not know: restore it"
                f" with DOSO {manifest.doso} or newer"
            )
            raise ArchiveError(message)


def _set_aside(data_dir: Path) -> Path:
    aside = data_dir.with_name(f"{data_dir.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    data_dir.rename(aside)
    return aside
