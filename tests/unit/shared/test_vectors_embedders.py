"""The local embedding, and the choice between models."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from structlog.testing import capture_logs

from shared.vectors import VectorSettings, VectorsMisconfigured, choose_embedder
from shared.vectors.fastembed_embedder import fastembed_at_hand
from shared.vectors.hashing import HashingEmbedder, hashing_vectors

GOLDEN = [(247, -0.5485), (374, 0.5485), (129, 0.2742)]
TRUCK = "2021 Ford F-150 XLT SuperCrew 4x4, 34,210 miles"

EMBED = f"""
import json
from shared.vectors.hashing import hashing_vectors
print(json.dumps(hashing_vectors([{TRUCK!r}])[0]))
"""


def cosine(one: str, other: str) -> float:
    first, second = hashing_vectors([one, other])
    return math.sumprod(first, second) if hasattr(math, "sumprod") else sum(map(float.__mul__, first, second))


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_every_process_makes_the_same_vector(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EMBED],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout) == hashing_vectors([TRUCK])[0]


def test_the_vector_of_a_known_text_has_not_changed() -> None:
    # Stored vectors are compared with new ones: when this fails, the embedder needs another name.
    vector = hashing_vectors(["Ford F-150"])[0]
    largest = sorted(range(384), key=lambda index: -abs(vector[index]))[:3]
    assert [(index, round(vector[index], 4)) for index in largest] == GOLDEN


@pytest.mark.parametrize(
    ("near", "far"),
    [
        ("2020 Ford F-150 Lariat SuperCrew 4x4", "2021 Toyota Corolla LE sedan"),
        ("Ford F150 XLT pickup", "Hyundai Ioniq 5 electric"),
        ("ford f-150 xlt supercrew", "2021 Tesla Model 3, 34,210 miles"),
    ],
)
def test_similar_vehicles_are_nearer_than_others(near: str, far: str) -> None:
    assert cosine(TRUCK, near) > cosine(TRUCK, far) + 0.1


def test_a_misspelt_model_is_still_near() -> None:
    assert cosine("Chevrolet Silverado", "Chevrolet Silvrado") > 0.5
    assert cosine("Chevrolet Silverado", "Honda Odyssey") < 0.2


def test_case_and_width_do_not_matter_and_word_order_a_little() -> None:
    assert cosine("FORD Explorer", "ford \uff45\uff58\uff50\uff4c\uff4f\uff52\uff45\uff52") == pytest.approx(1.0)
    assert 0.5 < cosine("ford explorer", "explorer ford") < 1.0


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=40))
def test_every_text_with_a_letter_or_digit_has_length_one(text: str) -> None:
    (vector,) = hashing_vectors([text])
    assert len(vector) == 384
    assert math.hypot(*vector) == pytest.approx(1.0)


async def test_many_texts_come_back_in_order() -> None:
    embedder = HashingEmbedder()
    texts = [f"vehicle {number}" for number in range(50)]
    assert await embedder.embed(texts) == [(await embedder.embed([text]))[0] for text in texts]


async def test_a_text_without_letters_is_refused_with_its_place() -> None:
    with pytest.raises(ValueError, match="text 1 has no letter or digit"):
        await HashingEmbedder().embed(["fine", " -- "])


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "DOSO_EMBEDDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path))


def test_without_a_key_and_a_model_the_local_one_is_taken_and_the_log_says_why() -> None:
    with capture_logs() as logs:
        embedder = choose_embedder(VectorSettings())
    assert embedder.name == "local-hashing-384"
    (line,) = logs
    assert line["embedder"] == "local-hashing-384"
    assert "no OPENAI_API_KEY" in line["reason"]


def test_a_key_in_the_environment_chooses_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with capture_logs() as logs:
        embedder = choose_embedder(VectorSettings())
    assert (embedder.name, embedder.dimension) == ("openai-text-embedding-3-small-512", 512)
    assert "sk-very-secret" not in repr(logs)
    assert "sk-very-secret" not in repr(VectorSettings())


def test_an_embedder_asked_for_by_name_is_taken_even_with_a_key() -> None:
    settings = VectorSettings(embedder="hashing", openai_api_key=SecretStr("key"))
    assert choose_embedder(settings).name == "local-hashing-384"


def test_openai_without_a_key_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSO_EMBEDDER", "openai")
    with pytest.raises(VectorsMisconfigured, match="OPENAI_API_KEY"):
        choose_embedder(VectorSettings())


def test_fastembed_without_its_model_says_where_it_looked_and_downloads_nothing() -> None:
    with pytest.raises(VectorsMisconfigured, match="FASTEMBED_CACHE_PATH"):
        choose_embedder(VectorSettings(embedder="fastembed"))


def test_a_broken_model_on_disk_is_told_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with capture_logs() as logs:
        assert fastembed_at_hand("BAAI/bge-small-en-v1.5", tmp_path) is None
    assert logs[0]["event"] == "fastembed model cannot be loaded"


def test_choosing_the_local_one_loads_no_model_runtime(tmp_path: Path) -> None:
    code = (
        "import sys; from shared.vectors import VectorSettings, choose_embedder; "
        "choose_embedder(VectorSettings()); "
        "heavy = ('openai', 'fastembed', 'onnxruntime', 'qdrant_client'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    environment = {**os.environ, "FASTEMBED_CACHE_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.splitlines()[-1] == "[]"
