"""An adapter as a table: what a document holds, and where; the reading is the same for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.gateway.adapters.delivery import Delivery, Mapped
from services.gateway.adapters.layout import Layout
from services.gateway.adapters.paths import Finder, Found, first_name, named
from services.gateway.adapters.reading import Reading


@dataclass(frozen=True, slots=True)
class Table(Layout):
    """The adapter of one kind of document."""

    def read(self, document: Any, delivery: Delivery) -> Iterator[Mapped]:
        """Read every event of a document."""
        envelope = document if isinstance(document, Mapping) and "specversion" in document else {}
        payload = envelope.get("data") if envelope else document
        found = (named(payload, self.root) if isinstance(payload, Mapping) else None) or Found(
            payload, first_name(self.root)
        )
        several, finder = isinstance(found.value, list), Finder()
        for index, each in enumerate(found.value if several else [found.value]):
            where = f"{found.where}[{index}]" if several else found.where
            place = index if several else None
            yield Reading(self, each, payload, where, envelope, delivery, place, finder).mapped()
