"""Archives of a data directory: closed to others, checked when read, and refused with a reason."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from deploy.local import credentials
from deploy.local.archive import ArchiveError, back_up, restore
from deploy.local.archive.manifest import DIGEST, DUMP, NAME
from deploy.local.pipeline import SERVICES
from deploy.local.servers import PostgresServer, ServerError
from shared.migration import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAID: list[str] = []


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data directory with a database and secrets, on which nothing runs."""
    data_dir = tmp_path_factory.mktemp("installation") / "data"
    data_dir.mkdir(mode=0o700)
    credentials.signing_key(data_dir)
    credentials.encryption_key(data_dir)

    async def fill(dsn: str) -> None:
        for service in SERVICES:
            await migrate(service, dsn)
        connection = await asyncpg.connect(dsn)
        await connection.execute(
            "INSERT INTO inventory.inbox SELECT gen_random_uuid(), 'x' FROM generate_series(1, 9)"
        )
        await connection.execute("CREATE TABLE public.mark AS SELECT 7 AS n")
        await connection.close()

    with PostgresServer(data_dir) as server:
        asyncio.run(fill(server.dsn()))
    return data_dir


@pytest.fixture(scope="module")
def archive(installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Back it up once."""
    target = tmp_path_factory.mktemp("archives") / "archive.tar"
    back_up(installation, target, SAID.append)
    return target


async def nothing(_dsn: str) -> None:
    """Prepare nothing."""


def restored(archive: Path, data_dir: Path, *, replace: bool = False) -> Any:
    return restore(archive, data_dir, replace=replace, prepare=nothing, on_progress=SAID.append)


def altered(archive: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Write an archive anew with members changed, or left out."""
    with tarfile.open(archive) as source, tarfile.open(target, "w") as made:
        for entry in source.getmembers():
            content = change(entry.name, source.extractfile(entry).read())
            if content is not None:
                entry.size = len(content)
                made.addfile(entry, io.BytesIO(content))
    return target


def with_manifest(archive: Path, target: Path, **changes: Any) -> Path:
    """Write an archive anew with another manifest, and the right checksum of it."""
    with tarfile.open(archive) as source:
        told = json.loads(source.extractfile(NAME).read())
    text = json.dumps({**told, **changes}).encode()
    digest = hashlib.sha256(text).hexdigest().encode()
    return altered(archive, target, {NAME: text, DIGEST: digest}.get)


def test_an_archive_is_for_its_owner_and_so_are_the_secrets_restored(
    archive: Path, installation: Path, tmp_path: Path
) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600
    assert list(archive.parent.iterdir()) == [archive], "nothing is left beside it"
    manifest, aside = restored(archive, tmp_path / "data")
    assert aside is None
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    for name in ("signing-key.json", "encryption-key"):
        assert (tmp_path / "data" / name).read_bytes() == (installation / name).read_bytes()
        assert (tmp_path / "data" / name).stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "data" / DUMP).exists()
    assert set(manifest.schemas) == set(SERVICES)

    async def look(dsn: str) -> tuple[int, int]:
        connection = await asyncpg.connect(dsn)
        found = await connection.fetchrow("SELECT (SELECT n FROM mark), (SELECT count(*) FROM inventory.inbox)")
        for service in SERVICES:
            await migrate(service, dsn)
        await connection.close()
        return tuple(found)

    with PostgresServer(tmp_path / "data") as server:
        assert asyncio.run(look(server.dsn())) == (7, 9)


def test_a_directory_with_something_in_it_is_refused_or_set_aside(archive: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "precious").write_text("kept")
    with pytest.raises(ArchiveError, match="is not empty"):
        restored(archive, data_dir)
    assert [path.name for path in data_dir.iterdir()] == ["precious"]
    _, aside = restored(archive, data_dir, replace=True)
    assert aside is not None
    assert (aside / "precious").read_text() == "kept"
    assert (data_dir / "signing-key.json").exists()


def test_a_directory_that_is_in_use_is_left_alone(archive: Path, installation: Path) -> None:
    with PostgresServer(installation), pytest.raises(ServerError, match="in use by process"):
        restored(archive, installation, replace=True)
    assert (installation / "postgres").is_dir()


def flipped(name: str, content: bytes) -> bytes:
    middle = len(content) // 2
    turned = bytes([content[middle] ^ 1])
    return content[:middle] + turned + content[middle + 1 :] if name == DUMP else content


DAMAGE: dict[str, tuple[Callable[[str, bytes], bytes | None], str]] = {
    "a bit": (flipped, f"{DUMP} does not match its checksum"),
    "a file": (lambda name, content: None if name == DUMP else content, DUMP),
    "the end of a file": (lambda name, content: content[:-1] if name == DUMP else content, "checksum"),
    "the manifest": (lambda name, content: content + b" " if name == NAME else content, "its manifest"),
    "all": (lambda _name, _content: None, "no archive of `doso backup`"),
}


@pytest.mark.parametrize("lost", DAMAGE)
def test_a_damaged_archive_is_refused_and_nothing_is_made(archive: Path, tmp_path: Path, lost: str) -> None:
    change, why = DAMAGE[lost]
    damaged = altered(archive, tmp_path / "damaged.tar", change)
    with pytest.raises(ArchiveError, match=why):
        restored(damaged, tmp_path / "data")
    assert list(tmp_path.iterdir()) == [damaged]


def test_an_archive_that_was_cut_off_is_refused(archive: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar"
    cut.write_bytes(archive.read_bytes()[:-40_000])
    with pytest.raises(ArchiveError, match="damaged"):
        restored(cut, tmp_path / "data")
    cut.write_bytes(b"hello")
    with pytest.raises(ArchiveError, match="no archive"):
        restored(cut, tmp_path / "data")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"format": 2, "doso": "9.1.0"}, "made by DOSO 9.1.0; this is an older version"),
        ({"postgres": 19}, "PostgreSQL 19, this is 18"),
        ({"schemas": {"market": "market_0099"}}, "schema of market is at market_0099, which this version does not"),
        ({"files": {"../escape": {"size": 1, "sha256": "", "mode": "600"}}}, "is no name of a file of ours"),
    ],
)
def test_an_archive_of_a_newer_version_is_refused(
    archive: Path, tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    newer = with_manifest(archive, tmp_path / "newer.tar", **changes)
    with pytest.raises(ArchiveError, match=why):
        restored(newer, tmp_path / "data")
    assert list(tmp_path.iterdir()) == [newer]


def test_what_is_there_is_not_overwritten_and_what_is_not_there_is_not_backed_up(
    archive: Path, installation: Path, tmp_path: Path
) -> None:
    before = archive.read_bytes()
    with pytest.raises(ArchiveError, match="exists and is left as it is"):
        back_up(installation, archive, SAID.append)
    assert archive.read_bytes() == before
    with pytest.raises(ArchiveError, match="holds no embedded database"):
        back_up(tmp_path, tmp_path / "archive.tar", SAID.append)
    with pytest.raises(ArchiveError, match="make it first"):
        back_up(installation, tmp_path / "nowhere" / "archive.tar", SAID.append)
