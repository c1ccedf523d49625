"""The engine on disk: what is left after a restart, a kill, a second process, another model."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.vectors import (
    Point,
    TenantVectors,
    VectorSettings,
    VectorsMisconfigured,
    VectorsUnavailable,
    open_vectors,
)
from shared.vectors.hashing import HashingEmbedder

EMBEDDER = HashingEmbedder()

WRITE_AND_DIE = """
import asyncio, os, sys
from pathlib import Path
from shared.vectors import Point, VectorSettings, open_vectors
from shared.vectors.hashing import HashingEmbedder

async def main():
    embedder = HashingEmbedder()
    store = await open_vectors(VectorSettings(_env_file=None), embedder, path=Path(sys.argv[1]))
    (vector,) = await embedder.embed(["2021 Ford F-150"])
    await store.upsert([Point("a", "vehicle", "vin", 3, vector, {"make": "Ford"})])
    os._exit(9)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOSO_QDRANT_URL", raising=False)
    monkeypatch.delenv("DOSO_VECTORS_PATH", raising=False)


async def opened(path: Path) -> TenantVectors:
    return await open_vectors(VectorSettings(), EMBEDDER, path=path)


async def test_points_and_versions_are_there_after_a_restart(tmp_path: Path) -> None:
    (vector,) = await EMBEDDER.embed(["2021 Ford F-150"])
    first = await opened(tmp_path)
    await first.upsert([Point("a", "vehicle", "vin", 3, vector, {"make": "Ford"})])
    await first.close()
    second = await opened(tmp_path)
    await second.upsert([Point("a", "vehicle", "vin", 2, vector, {"make": "Kia"})])
    (found,) = await second.search("a", vector, 5)
    assert (found.id, found.source_version, found.payload) == ("vin", 3, {"make": "Ford"})
    await second.close()


async def test_points_survive_a_process_that_dies_without_closing(tmp_path: Path) -> None:
    died = subprocess.run(  # noqa: ASYNC221 nothing else runs on this loop
        [sys.executable, "-c", WRITE_AND_DIE, str(tmp_path)], check=False, timeout=120
    )
    assert died.returncode == 9
    store = await opened(tmp_path)
    assert await store.count("a") == 1
    await store.close()


async def test_a_second_opener_is_told_who_is_in_the_way(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    with pytest.raises(VectorsMisconfigured, match="another process has it open"):
        await opened(tmp_path)
    await store.close()


async def test_another_model_gets_a_collection_of_its_own(tmp_path: Path) -> None:
    class OtherEmbedder(HashingEmbedder):
        name = "another-model"

    store = await opened(tmp_path)
    (vector,) = await EMBEDDER.embed(["2021 Ford F-150"])
    await store.upsert([Point("a", "vehicle", "vin", 1, vector)])
    other = await open_vectors(VectorSettings(), OtherEmbedder(), path=tmp_path)
    assert (await store.count("a"), await other.count("a")) == (1, 0)
    await other.close()
    await store.close()


async def test_a_closed_store_is_unavailable_and_closes_again_quietly(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.close()
    await store.close()
    with pytest.raises(VectorsUnavailable, match="not open"):
        await store.count("a")
    with pytest.raises(VectorsUnavailable, match="not open"):
        await store.health()


async def test_neither_a_server_nor_a_directory_is_an_error_that_names_both_settings() -> None:
    with pytest.raises(VectorsMisconfigured, match=r"DOSO_QDRANT_URL.*DOSO_VECTORS_PATH"):
        await open_vectors(VectorSettings(), EMBEDDER)


async def test_the_directory_may_come_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSO_VECTORS_PATH", str(tmp_path))
    store = await open_vectors(VectorSettings(), EMBEDDER)
    await store.close()
    assert (tmp_path / "doso-local-hashing-384").is_dir()
