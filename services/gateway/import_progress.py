"""An import under way: whose it is, which rooftop each row belongs to, and what is shown of it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.gateway.imports import ImportedRow, ImportReading
from services.gateway.store.accounts import Dealer
from services.gateway.store.imports import Import


@dataclass(slots=True)
class Progress:
    """An import under way."""

    work: Import
    dealers: dict[UUID, Dealer]
    opened: set[UUID]
    """Rooftops of which something was known before this file."""
    reading: ImportReading
    events: Counter[str] = field(default_factory=Counter)
    stale: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def dealer(self) -> Dealer:
        """The rooftop the file was sent for."""
        return self.dealers[self.work.dealer_id]

    def dealer_of(self, row: ImportedRow) -> Dealer:
        """The rooftop a row belongs to: its store's where asked to look, else the one named for the file."""
        store_name = getattr(row, "store", None)
        if self.work.by_store and store_name:
            for dealer in self.dealers.values():
                if dealer.name.casefold() == store_name.casefold():
                    return dealer
        return self.dealer

    def report(self) -> dict[str, Any]:
        """What is shown beside the counts."""
        reading = self.reading
        return {
            "file": {
                "format": reading.description.format.value,
                "encoding": reading.description.encoding,
                "delimiter": reading.description.delimiter,
                "header_line": reading.description.header_line,
            },
            "header": reading.description.header,
            "mapping": reading.mapping.shown(),
            "warnings": [
                {
                    "kind": w.kind.value,
                    "count": w.count,
                    "examples": [list(example) for example in w.examples],
                }
                for w in reading.warnings
            ],
            "events": dict(self.events),
            "stale_adverts": self.stale[:50],
            "notes": self.notes,
            "outdated": reading.counts.outdated,
        }
