"""An import under way: whose it is, which rooftop each row belongs to, and what is shown of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.gateway.imports import ImportedRow, ImportReading, RejectedRow, columns_named, plain_name
from services.gateway.store.accounts import Dealer
from services.gateway.store.imports import Import
from shared.events.vin import Vin


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
    refused: Counter[str] = field(default_factory=Counter)
    """Rows that were refused, by the field that was wrong with them first."""
    _by_name: dict[str, Dealer] = field(init=False)

    def __post_init__(self) -> None:
        """Find rooftops by name for each row."""
        dealers = self.dealers.values()
        self._by_name = {plain_name(each.name): each for each in dealers} | {each.name: each for each in dealers}

    @property
    def dealer(self) -> Dealer:
        """The rooftop the file was sent for."""
        return self.dealers[self.work.dealer_id]

    def dealer_of(self, row: ImportedRow) -> Dealer:
        """The rooftop a row belongs to: its store's where asked to look, else the one named for the file."""
        name = getattr(row, "store", None) if self.work.by_store else None
        return (self._dealer_named(name) if name else None) or self.dealer

    def listed(self, row: ImportedRow | RejectedRow) -> tuple[UUID | None, str | None]:
        """Tell which rooftop's vehicle a row lists, refused rows too; None where rooftop or VIN cannot be told.

        A refused row still says that the car is there.
        """
        if not isinstance(row, RejectedRow):
            return self.dealer_of(row).dealer_id, str(row.vin)
        vins = self.reading.stated(row, "vin")
        try:
            return self._rooftop_of(row), Vin(vins[0] if vins else "")
        except ValueError:
            return self._rooftop_of(row), None

    def _rooftop_of(self, row: RejectedRow) -> UUID | None:
        if not self.work.by_store:
            return self.work.dealer_id
        if any(problem.field is None for problem in row.problems):
            return None  # out of shape: the cell with its store may be cut off, or another's
        names = self.reading.stated(row, "store")
        dealers = [dealer for name in names if (dealer := self._dealer_named(name)) is not None]
        if names and not dealers:
            return None
        return (dealers[0] if dealers else self.dealer).dealer_id

    def _dealer_named(self, store_name: str) -> Dealer | None:
        return self._by_name.get(store_name) or self._by_name.get(plain_name(store_name))

    def count_refused(self, rows: Iterable[ImportedRow | RejectedRow]) -> None:
        """Count what was wrong with rows that were refused."""
        self.refused.update(row.problems[0].field or "row" for row in rows if isinstance(row, RejectedRow))

    def why_none(self) -> str:
        """Say why no row could be accepted: what most of them lack may stand in a column that was not recognised."""
        wrong = [f"{count} of them for {name}" for name, count in self.refused.most_common(1)]
        told = ", ".join([f"None of the {self.reading.counts.rows} rows could be accepted", *wrong])
        unused = [match.column for match in self.reading.mapping.matches if match.how is None]
        advice = (
            f" Not recognised: {columns_named(unused)}; name them in the mapping, or check the kind."
            if unused
            else ""
        )
        return f"{told}: see errors for each.{advice}"

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


def may_hold_a_vehicle(row: ImportedRow | RejectedRow) -> bool:
    """Tell a row whose VIN cannot be read from the one filled cell of a footer, or of the end of a file."""
    few = 2
    return not isinstance(row, RejectedRow) or sum(bool(cell and cell.strip()) for cell in row.cells) >= few
