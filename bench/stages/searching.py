"""A group's nearest cases: the embedded engine behind its tenants' fence, beside brute force over the group's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from shared.vectors.edge import EdgeEngine
from shared.vectors.points import Point
from shared.vectors.tenancy import TenantVectors

if TYPE_CHECKING:
    from pathlib import Path

DIMENSION = 384
TENANTS = 200
NEAREST = 10
QUERIES = 2_000
_PIECE = 5_000


async def searching(directory: Path, points: int, seed: int = 3) -> tuple[float, float]:
    """Give searches a second of the engine and of numpy, over ``points`` random vectors of 200 groups."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((points, DIMENSION), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    engine = EdgeEngine(directory, dimension=DIMENSION)
    await engine.open()
    store = TenantVectors(engine, model="bench", dimension=DIMENSION)
    try:
        for start in range(0, points, _PIECE):
            await store.upsert(
                [
                    Point(f"group-{number % TENANTS}", "case", str(number), 1, vectors[number].tolist())
                    for number in range(start, min(start + _PIECE, points))
                ]
            )
        asked = [vectors[number].tolist() for number in range(QUERIES)]
        began = time.perf_counter()
        for number, vector in enumerate(asked):
            found = await store.search(f"group-{number % TENANTS}", vector, NEAREST)
            if found[0].id != str(number):
                message = f"the nearest to case {number} is case {found[0].id}, not itself"
                raise RuntimeError(message)
        engine_rate = QUERIES / (time.perf_counter() - began)
    finally:
        await engine.close()
    return engine_rate, _brute_force(vectors)


def _brute_force(vectors: np.typing.NDArray[np.float32]) -> float:
    groups = [np.ascontiguousarray(vectors[group::TENANTS]) for group in range(TENANTS)]
    began = time.perf_counter()
    for number in range(QUERIES):
        near = groups[number % TENANTS] @ vectors[number]
        best = np.argpartition(near, -NEAREST)[-NEAREST:]
        best[np.argsort(-near[best])]
    return QUERIES / (time.perf_counter() - began)
