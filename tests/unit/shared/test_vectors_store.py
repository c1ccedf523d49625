"""What every engine does, asked through the one door that services use."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import AsyncQdrantClient

from shared.vectors import SHARED_TENANT, Point, TenantVectors, VectorsError, VectorsUnavailable
from shared.vectors.breaker import CircuitBreaker
from shared.vectors.edge import EdgeEngine
from shared.vectors.points import collection_name, point_id
from shared.vectors.server import ServerEngine

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")

EAST = [1.0, 0.0, 0.0, 0.0]
NORTH_EAST = [1.0, 1.0, 0.0, 0.0]
NORTH = [0.0, 1.0, 0.0, 0.0]
UP = [0.0, 0.0, 1.0, 0.0]


def vehicle(tenant: str, vin: str, vector: list[float], version: int = 1, **payload: str) -> Point:
    return Point(tenant, "vehicle", vin, version, vector, payload)


@pytest.fixture(params=["edge", "server"])
async def vectors(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TenantVectors]:
    engine: EdgeEngine | ServerEngine
    if request.param == "edge":
        engine = EdgeEngine(tmp_path / "shard", dimension=4)
        await engine.open()
    else:
        engine = ServerEngine(
            AsyncQdrantClient(":memory:"),
            collection="doso-test",
            dimension=4,
            breaker=CircuitBreaker(failures=3, cooldown_seconds=10),
            search_timeout_seconds=60,
        )
    store = TenantVectors(engine, model="test-model", dimension=4)
    yield store
    await store.close()


async def test_nearest_come_first_with_their_payload_and_cosine(vectors: TenantVectors) -> None:
    await vectors.upsert(
        [vehicle("a", "up", UP), vehicle("a", "east", EAST, make="Ford"), vehicle("a", "both", NORTH_EAST)]
    )
    found = await vectors.search("a", EAST, 2)
    assert [match.id for match in found] == ["east", "both"]
    assert [match.score for match in found] == pytest.approx([1.0, 0.5**0.5], abs=1e-5)
    assert found[0].payload == {"make": "Ford"}
    assert (found[0].kind, found[0].tenant_id, found[0].source_version) == ("vehicle", "a", 1)


async def test_a_tenant_sees_its_own_and_shared_points_only(vectors: TenantVectors) -> None:
    await vectors.upsert(
        [vehicle("a", "mine", EAST), vehicle("b", "theirs", EAST), vehicle(SHARED_TENANT, "market", EAST)]
    )
    assert {match.id for match in await vectors.search("a", EAST, 10)} == {"mine", "market"}
    assert {match.id for match in await vectors.search("b", EAST, 10)} == {"theirs", "market"}
    assert {match.id for match in await vectors.search("c", EAST, 10)} == {"market"}
    assert {match.id for match in await vectors.search(SHARED_TENANT, EAST, 10)} == {"market"}


async def test_no_payload_and_no_filter_names_another_tenant(vectors: TenantVectors) -> None:
    await vectors.upsert([vehicle("b", "theirs", EAST, tenant_id="a"), vehicle("a", "mine", EAST)])
    assert [match.id for match in await vectors.search("a", EAST, 10)] == ["mine"]
    assert await vectors.search("a", EAST, 10, where={"tenant_id": "b"}) == []


async def test_the_same_entity_of_two_tenants_is_two_points(vectors: TenantVectors) -> None:
    await vectors.upsert([vehicle("a", "vin", EAST), vehicle("b", "vin", NORTH)])
    assert await vectors.count("a") == await vectors.count("b") == 1
    assert (await vectors.search("a", NORTH, 1))[0].score == pytest.approx(0.0, abs=1e-6)


async def test_kinds_and_attributes_narrow_a_search(vectors: TenantVectors) -> None:
    await vectors.upsert(
        [
            vehicle("a", "ford", EAST, make="Ford"),
            vehicle("a", "kia", EAST, make="Kia"),
            vehicle("a", "bmw", EAST, make="BMW"),
            Point("a", "segment", "suv", 1, EAST, {"make": "Ford"}),
        ]
    )
    by_kind = await vectors.search("a", EAST, 10, kinds=["segment"])
    assert [match.id for match in by_kind] == ["suv"]
    by_make = await vectors.search("a", EAST, 10, kinds=["vehicle"], where={"make": ["Ford", "Kia"]})
    assert {match.id for match in by_make} == {"ford", "kia"}
    assert [match.id for match in await vectors.search("a", EAST, 10, where={"make": "BMW"})] == ["bmw"]


async def test_an_older_source_version_does_not_overwrite_a_newer(vectors: TenantVectors) -> None:
    await vectors.upsert([vehicle("a", "vin", EAST, 5, colour="red")])
    await vectors.upsert([vehicle("a", "vin", NORTH, 4, colour="blue"), vehicle("a", "other", UP, 1)])
    (stayed,) = await vectors.search("a", EAST, 1)
    assert (stayed.source_version, stayed.payload, stayed.score) == (5, {"colour": "red"}, pytest.approx(1.0))
    assert await vectors.count("a") == 2
    await vectors.upsert([vehicle("a", "vin", NORTH, 6, colour="green")])
    (replaced,) = await vectors.search("a", NORTH, 1)
    assert (replaced.source_version, replaced.payload) == (6, {"colour": "green"})


async def test_the_same_version_may_be_written_again(vectors: TenantVectors) -> None:
    for colour in ("red", "blue"):
        await vectors.upsert([vehicle("a", "vin", EAST, 5, colour=colour)])
    assert [match.payload for match in await vectors.search("a", EAST, 5)] == [{"colour": "blue"}]


async def test_one_batch_with_several_versions_keeps_the_newest(vectors: TenantVectors) -> None:
    await vectors.upsert([vehicle("a", "vin", EAST, 2), vehicle("a", "vin", NORTH, 3), vehicle("a", "vin", UP, 1)])
    (only,) = await vectors.search("a", NORTH, 5)
    assert (only.source_version, only.score) == (3, pytest.approx(1.0))


async def test_versions_written_in_any_order_by_many_end_at_the_newest(vectors: TenantVectors) -> None:
    order = [7, 1, 9, 3, 8, 2, 6]
    await asyncio.gather(*(vectors.upsert([vehicle("a", "vin", EAST, version)]) for version in order))
    assert [match.source_version for match in await vectors.search("a", EAST, 5)] == [9]


async def test_more_points_than_one_piece_holds(vectors: TenantVectors) -> None:
    await vectors.upsert([vehicle("a", str(number), EAST, number) for number in range(1_203)])
    assert await vectors.count("a") == 1_203


async def test_delete_removes_only_the_tenants_own(vectors: TenantVectors) -> None:
    await vectors.upsert([vehicle(tenant, vin, EAST) for tenant in ("a", "b") for vin in ("x", "y")])
    await vectors.delete("a", ["x", "unheard of"], kind="vehicle")
    assert (await vectors.count("a"), await vectors.count("b")) == (1, 2)
    await vectors.delete("a", ["y"], kind="segment")
    assert await vectors.count("a") == 1


async def test_nothing_to_write_or_delete_is_no_error(vectors: TenantVectors) -> None:
    await vectors.upsert([])
    await vectors.delete("a", [], kind="vehicle")
    assert await vectors.count("a") == 0
    assert await vectors.search("a", EAST, 5) == []


async def test_the_engine_describes_itself(vectors: TenantVectors) -> None:
    assert "drant" in await vectors.health()


@pytest.mark.parametrize(
    ("tenant", "vector", "limit", "says"),
    [
        ("", EAST, 5, "tenant_id is empty"),
        ("a", [1.0], 5, "has 1 numbers, test-model makes 4"),
        ("a", [1.0, float("nan"), 0.0, 0.0], 5, "not finite"),
        ("a", [float("inf"), float("-inf"), 0.0, 0.0], 5, "not finite"),
        ("a", EAST, 0, "1 to 1000"),
        ("a", EAST, 1_001, "1 to 1000"),
    ],
)
async def test_a_wrong_search_says_what_is_wrong(
    vectors: TenantVectors, tenant: str, vector: list[float], limit: int, says: str
) -> None:
    with pytest.raises(VectorsError, match=says) as raised:
        await vectors.search(tenant, vector, limit)
    assert not isinstance(raised.value, VectorsUnavailable)


async def test_a_wrong_point_is_refused_before_any_is_written(vectors: TenantVectors) -> None:
    with pytest.raises(VectorsError, match="vehicle 'bad' of tenant 'a'"):
        await vectors.upsert([vehicle("a", "good", EAST), vehicle("a", "bad", [1.0])])
    assert await vectors.count("a") == 0


parts = st.text(max_size=8)


@given(parts, parts, parts, parts, parts, parts)
def test_only_the_same_tenant_kind_and_entity_share_an_id(
    tenant: str, kind: str, entity: str, other_tenant: str, other_kind: str, other_entity: str
) -> None:
    one = point_id(tenant, kind, entity, "m")
    other = point_id(other_tenant, other_kind, other_entity, "m")
    assert (one == other) == ((tenant, kind, entity) == (other_tenant, other_kind, other_entity))
    assert one != point_id(tenant, kind, entity, "n")


def test_collections_carry_the_name_of_their_model() -> None:
    assert collection_name("doso", "openai-text-embedding-3-small-512") == "doso-openai-text-embedding-3-small-512"
    assert collection_name("doso", "fastembed-BAAI/bge-small") == "doso-fastembed-baai-bge-small"
