"""A vehicle's life: what was reported of it, and what that comes to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from services.inventory.domain.vehicle import COLUMNS, Vehicle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal
    from uuid import UUID

    Order = tuple[datetime, datetime, UUID]

_UNTOLD = frozenset({"version", "last_at", "last_id", "received_at", "leads", "odometer", "photo_count"})


def newest_in(vehicle: Vehicle) -> Order:
    """Where in the order the newest report stands that was folded into a vehicle."""
    return (vehicle.last_at, vehicle.received_at or vehicle.last_at, vehicle.last_id)


@dataclass(frozen=True, slots=True)
class Change:
    """One report about a vehicle; ``on`` is the day it speaks of, ``at`` the moment it was made.

    ``facts`` may hold ``reported_on``, its day in the rooftop's calendar; reports of before that was kept lack it.
    """

    event_id: UUID
    at: datetime
    kind: str
    dealer_id: UUID
    facts: Mapping[str, Any]
    received_at: datetime

    @property
    def order(self) -> Order:
        """Per-vehicle order: by time; of one moment what was received later, for it corrects; ties by id."""
        return (self.at, self.received_at, self.event_id)

    @property
    def on(self) -> date:
        """The day of the report, in the rooftop's calendar; UTC where that was not kept."""
        on: date = self.facts.get("reported_on") or self.at.date()
        return on

    def bare(self, kind: str) -> Change:
        """Give a change of another kind by the same report, which says nothing but its day."""
        return replace(
            self, kind=kind, facts={name: self.facts[name] for name in self.facts if name == "reported_on"}
        )


@dataclass(frozen=True, slots=True)
class Sale:
    """A line of the sales ledger; an unwound sale stays in it, marked. ``stock_date``: of the stay that it ended.

    ``gross_stated``: whether the front gross was stated, not worked out; None where that was not kept.
    ``filed_at``: when the newest file was handed in that it is a row of.
    """

    vehicle_key: str
    dealer_id: UUID
    event_id: UUID
    sale_date: date
    sale_price: Decimal | None
    front_gross: Decimal | None
    back_gross: Decimal | None
    purchase_type: str | None
    wholesale: bool
    unwound_on: date | None = None
    stock_date: date | None = None
    gross_stated: bool | None = field(default=None, compare=False)
    filed_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a vehicle stood at the end of a stay, and the day on which its next one began."""

    vehicle: Vehicle
    followed_on: date

    @property
    def told(self) -> tuple[object, ...]:
        """What readers make of a stay that is over: the same again is no news, whatever was counted or measured."""
        seen = vars(self.vehicle)
        return (self.followed_on, *(seen[name] for name in COLUMNS if name not in _UNTOLD))


@dataclass(frozen=True, slots=True)
class Life:
    """A vehicle with the ledger lines that a fold produced.

    ``ended`` are the stays that another followed in the same fold: a reader that is told of the newest state alone
    would never hear of a sale before a trade-in.
    """

    vehicle: Vehicle
    sales: tuple[Sale, ...] = ()
    ended: tuple[Ended, ...] = field(default=(), compare=False)

    def versioned(self, known: int) -> Life:
        """Give the states their versions, in order, after the last one that anybody was told of."""
        ended = tuple(
            replace(one, vehicle=one.vehicle.altered(version=known + n)) for n, one in enumerate(self.ended, 1)
        )
        return replace(self, vehicle=self.vehicle.altered(version=known + len(ended) + 1), ended=ended)
