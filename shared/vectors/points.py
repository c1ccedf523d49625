"""What goes into the vector store and what comes out, and how a point gets its id."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

SHARED_TENANT: Final = "shared"
"""Tenant of the market points that every dealer group may see."""

Attribute = str | int | float | bool | None
Where = Mapping[str, str | Sequence[str]]
"""Payload attribute to the text, or the texts, one of which it must equal."""

_POINT_NAMESPACE: Final = UUID("6d0f5c5e-6a0c-5d7e-9a55-2f6f4b0c7d31")


@dataclass(frozen=True, slots=True)
class Point:
    """One embedded entity of one tenant.

    `source_version` is the version of the entity's row in PostgreSQL; an older one never replaces a newer.
    `payload` holds flat attributes to filter by; everything else is read from PostgreSQL by `entity_id`.
    """

    tenant_id: str
    kind: str
    entity_id: str
    source_version: int
    vector: Sequence[float]
    payload: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """One search result: `id` is the entity's own id, `score` the cosine similarity from -1 to 1."""

    id: str
    score: float
    payload: Mapping[str, Attribute]
    kind: str
    tenant_id: str
    source_version: int


def point_id(tenant_id: str, kind: str, entity_id: str, model: str) -> UUID:
    """Give the id of a point, the same for the same tenant, kind, entity and embedding model.

    The parts are joined as a JSON list, so that no choice of separators inside them makes two points one.
    """
    return uuid5(_POINT_NAMESPACE, json.dumps([tenant_id, kind, entity_id, model]))


def collection_name(prefix: str, model: str) -> str:
    """Name the collection of one embedding model: another model's vectors never meet these."""
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    return f"{prefix}-{slug}"
