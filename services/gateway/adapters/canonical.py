"""Our own form: CloudEvents 1.0 with ``dealerid`` and ``data`` as ``POST /api/v1/dms/events`` takes them.

Source: CloudEvents 1.0.2 (JSON format), and docs/dms.md for the types and fields. Only ``dealerid`` is read
differently here: it may be the sender's own code of a rooftop, where the source has that code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.gateway.adapters.delivery import Delivery, Mapped


@dataclass(frozen=True, slots=True)
class Canonical:
    """Takes documents as they are."""

    name: str = "canonical"
    relay: bool = False
    id_header: str | None = None

    def read(self, document: Any, delivery: Delivery) -> Iterator[Mapped]:
        """Read the one event that a document is."""
        if isinstance(document, Mapping):
            said = document.get("dealerid")
            if isinstance(said, str) and said in delivery.dealer_codes:
                document = {**document, "dealerid": delivery.dealer_codes[said]}
        yield Mapped(document)


ADAPTER = Canonical()
