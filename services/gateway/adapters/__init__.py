"""From each sender's documents to our events: one file an adapter, each a table. Adding one: docs/dms.md."""

from collections.abc import Iterator
from typing import Any, Protocol

from services.gateway.adapters import (
    canonical,
    fortellis_relay,
    star_inventory_vehicle,
    star_retail_delivery_report,
    star_vehicle_transfer_order,
)
from services.gateway.adapters.delivery import Delivery, Mapped


class Adapter(Protocol):
    """What reads the documents of one kind of sender."""

    @property
    def name(self) -> str:
        """What a source names it by."""

    @property
    def relay(self) -> bool:
        """Whether the sender stops at any answer other than 202."""

    @property
    def id_header(self) -> str | None:
        """The header, in lower case, that names a delivery, for senders that cannot sign."""

    def read(self, document: Any, delivery: Delivery) -> Iterator[Mapped]:
        """Read every event of a document."""


ADAPTERS: dict[str, Adapter] = {
    room.ADAPTER.name: room.ADAPTER
    for room in (
        canonical,
        star_inventory_vehicle,
        star_retail_delivery_report,
        star_vehicle_transfer_order,
        fortellis_relay,
    )
}

__all__ = ["ADAPTERS", "Adapter", "Delivery", "Mapped"]
