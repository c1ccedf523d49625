"""Writing an archive of a data directory, whether or not the system runs on it.

What is in it: the database as it was at one moment, and the secrets. Kafka's files are left out, although events
are in them: everything that was published stands in an outbox too, and what a consumer has taken in stands in its
inbox in the same database. So one look at the database is the whole state, consistent in itself, where a copy of
two systems that run on would not be. The vectors are made again from the advice.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import tarfile
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from deploy.local.archive.manifest import DIGEST, DUMP, FORMAT, NAME, SECRETS, ArchiveError, Manifest, member
from deploy.local.pipeline import SERVICES
from deploy.local.servers import PostgresServer, ServerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    Progress = Callable[[str], None]
_ANSWER_SECONDS = 5.0
_LOOK_SECONDS = 0.5


def back_up(data_dir: Path, target: Path, on_progress: Progress) -> Manifest:
    """Write everything of ``data_dir`` that cannot be made again to ``target``, which only its owner may read.

    ``target`` is there whole or not at all. Blocks, for minutes where much is stored. Raises ``ArchiveError`` where
    it exists or cannot be written, or where there is nothing to back up, and ``ServerError`` where the database
    cannot be started.
    """
    if not (data_dir / "postgres" / "PG_VERSION").exists():
        raise ArchiveError(f"{data_dir} holds no embedded database: give the --data-dir of `doso up`")
    if target.exists():
        raise ArchiveError(f"{target} exists and is left as it is: give another name")
    if not target.parent.is_dir():
        raise ArchiveError(f"{target.parent} is no directory: make it first")
    try:
        with tempfile.TemporaryDirectory(prefix=".doso-backup-", dir=target.parent) as folder:
            staging = Path(folder)  # as mkdtemp makes it: nobody else may look in
            at, postgres, schemas = asyncio.run(_dump(data_dir, staging / DUMP, on_progress))
            (staging / DUMP).chmod(0o600)
            _copy_secrets(data_dir, staging)
            on_progress("writing the archive")
            files = {path.name: member(path) for path in sorted(staging.iterdir())}
            manifest = Manifest(FORMAT, at.isoformat(), version("doso"), postgres, schemas, files)
            draft = staging / "archive"
            _write(draft, staging, manifest)
            draft.rename(target)
            _settle(target.parent)
    except OSError as error:
        raise ArchiveError(f"{target} cannot be written: {error}") from error
    return manifest


async def _dump(data_dir: Path, dump: Path, on_progress: Progress) -> tuple[datetime, int, dict[str, str]]:
    """Dump the database; gives as of when, PostgreSQL's version, and each service's newest migration."""
    async with _database(data_dir, on_progress) as server:
        connection = await asyncpg.connect(server.dsn(), timeout=_ANSWER_SECONDS)
        try:
            # The dump sees exactly what this transaction sees. The secrets are read after it: what they open is
            # in the database only once they are written.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
                at = datetime.now(UTC)
                schemas = {
                    name: await connection.fetchval(f"SELECT version_num FROM {name}.alembic_version")  # noqa: S608
                    for name in SERVICES
                }
                major = int(await connection.fetchval("SHOW server_version_num")) // 10_000
                task = asyncio.create_task(asyncio.to_thread(server.dump, dump, snapshot))
                while not task.done():
                    on_progress(f"dumping the database: {_megabytes(dump)}")
                    await asyncio.wait([task], timeout=_LOOK_SECONDS)
                await task
        finally:
            await connection.close()
    return at, major, schemas


def _megabytes(file: Path) -> str:
    return f"{(file.stat().st_size if file.exists() else 0) / 1e6:.1f} MB"


def _copy_secrets(data_dir: Path, staging: Path) -> None:
    for name in SECRETS:
        if (data_dir / name).exists():
            (staging / name).touch(mode=0o600)
            (staging / name).write_bytes((data_dir / name).read_bytes())
            (staging / name).chmod((data_dir / name).stat().st_mode & 0o777)


@contextlib.asynccontextmanager
async def _database(data_dir: Path, on_progress: Progress) -> AsyncIterator[PostgresServer]:
    """Give the database of a directory: the one that runs, or one that is started for the time."""
    server = PostgresServer(data_dir)
    if await _answers(server):
        yield server
        return
    on_progress("starting PostgreSQL for the time of the backup")
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


async def _answers(server: PostgresServer) -> bool:
    try:
        connection = await asyncpg.connect(server.dsn(), timeout=_ANSWER_SECONDS)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise ServerError(f"the database runs but does not answer: {error}") from error
    await connection.close()
    return True


def _write(draft: Path, staging: Path, manifest: Manifest) -> None:
    text = manifest.dumps()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, content in ((NAME, text), (DIGEST, sha256(text).hexdigest().encode("ascii"))):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o600
                tar.addfile(entry, io.BytesIO(content))
            for name, one in manifest.files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = one.size, int(one.mode, 8)
                with (staging / name).open("rb") as source:
                    tar.addfile(entry, source)
        file.flush()
        os.fsync(file.fileno())


def _settle(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
