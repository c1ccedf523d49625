"""What was acknowledged: the one thing a fault may never take back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One acknowledged event: what it said of which vehicle, and how many effects it has to have."""

    event_id: UUID
    kind: str
    vin: str | None
    at: datetime
    price: str | None = None
    effects: int = 1


class Ledger:
    """Entries, appended to a file as they are acknowledged, and never taken out."""

    def __init__(self, file: Path) -> None:
        self.entries: list[Entry] = []
        self.adverts: dict[str, str] = {}
        self.answers: dict[UUID, str] = {}
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("a", encoding="utf-8")

    def __len__(self) -> int:
        return len(self.entries)

    def acknowledged(self, entry: Entry) -> None:
        """Append an event."""
        self.entries.append(entry)
        self._append(asdict(entry))

    def advertised(self, prices: dict[str, str]) -> None:
        """Append the adverts of one file, each with its price."""
        self.adverts |= prices
        self._append({"adverts": prices})

    def answered(self, advice: UUID, reason: str) -> None:
        """Append the answer to a piece of advice; its reason is no other answer's."""
        assert advice not in self.answers
        self.answers[advice] = reason
        self._append({"advice": advice, "reason": reason})

    def _append(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, default=str) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def effects(self) -> dict[UUID, int]:
        """How many rows of vehicle history each event has to have left."""
        return {entry.event_id: entry.effects for entry in self.entries}

    def prices(self) -> dict[str, str]:
        """The price each vehicle must have in the end: the last that was true before a sale, whenever it was told.

        A desk whose clock is ahead may date a price after the sale: no shopper saw that one.
        """
        return self._at_last()[0]

    def sold(self) -> set[str]:
        """The vehicles that must be sold in the end: those that were not taken into stock again after their sale."""
        return self._at_last()[1]

    def _at_last(self) -> tuple[dict[str, str], set[str]]:
        found: dict[str, str] = {}
        sold: set[str] = set()
        for entry in self._in_order():
            if entry.vin is None:
                continue
            if entry.kind == "vehicle.sold":
                sold.add(entry.vin)
                continue
            if entry.kind != "vehicle.priced":
                sold.discard(entry.vin)
            if entry.price and entry.vin not in sold:
                found[entry.vin] = entry.price
        return found, sold

    def received(self) -> int:
        """How many units of the order have come."""
        return sum(entry.kind == "order.received" for entry in self.entries)

    def _in_order(self) -> list[Entry]:
        return sorted(self.entries, key=lambda entry: (entry.at, entry.event_id))
