"""What dealers' systems report all day, made as it is sent: sold vehicles are replaced, so stock stays as it is."""

from __future__ import annotations

import itertools
import random
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.load import draw_vehicle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATH = "/api/v1/dms/events"
NDJSON = "application/x-ndjson"
MOST_IN_A_BODY = 500
TURNOVER = 0.075
"""The share of reports that are sales; as many are stockings."""
MIX = {"vehicle.priced": 0.60, "vehicle.updated": 0.20, "engagement.daily": 0.05}
"""The shares of the others."""
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Vehicle:
    """A vehicle in stock: what tells it, and its price in whole dollars."""

    dealer: str
    vin: str
    facts: str
    price: int
    cost: int


@dataclass(slots=True)
class Traffic:
    """The reports of some rooftops, in the order they have to be sent in."""

    dealers: Sequence[str]
    stock_per_dealer: int
    source: str
    seed: int = 11
    stock: list[Vehicle] = field(init=False, default_factory=list)
    _waiting: deque[tuple[str, Vehicle]] = field(init=False, default_factory=deque)
    _reported: Iterator[int] = field(init=False, default_factory=itertools.count)
    _built: Iterator[int] = field(init=False, default_factory=itertools.count)
    _rng: random.Random = field(init=False)
    _letters: str = field(init=False)
    _last: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Seed what is drawn."""
        self._rng = random.Random(f"{self.source}/{self.seed}")
        self._letters = "".join(self._rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(5))
        self._last = datetime.now(UTC)

    def first_stock(self) -> Iterator[bytes]:
        """Stock every rooftop, an event at a time."""
        for _ in range(self.stock_per_dealer):
            for dealer in self.dealers:
                vehicle = self._vehicle(dealer)
                self.stock.append(vehicle)
                yield self._event("vehicle.stocked", vehicle, vehicle.facts)

    def reports(self, count: int) -> bytes:
        """Make the next ``count`` reports as NDJSON, timed now; raises IndexError before there is any stock."""
        return b"\n".join(self._report() for _ in range(count))

    def priced(self, vehicle: Vehicle, price: str) -> bytes:
        """Report a price, a decimal string, of a vehicle that nothing else reports on."""
        return self._event("vehicle.priced", vehicle, f'"list_price":"{price}"')

    def set_aside(self, count: int) -> list[Vehicle]:
        """Take vehicles out of what is reported on, for the caller to price."""
        taken, self.stock = self.stock[:count], self.stock[count:]
        return taken

    def _report(self) -> bytes:
        if self._waiting:
            kind, vehicle = self._waiting.popleft()
            return self._event(kind, vehicle, vehicle.facts)
        rng = self._rng
        place = rng.randrange(len(self.stock))
        vehicle = self.stock[place]
        draw = rng.random()
        # One draw in 1 - TURNOVER is a sale's stocking, which takes no draw.
        if draw < TURNOVER / (1 - TURNOVER):
            self.stock[place] = self._vehicle(vehicle.dealer)
            self._waiting.append(("vehicle.stocked", self.stock[place]))
            gross, today = vehicle.price - vehicle.cost, self._last.date()
            return self._event(
                "vehicle.sold",
                vehicle,
                f'"sale_date":"{today}","sale_price":"{vehicle.price}.00","front_gross":"{gross}.00"',
            )
        draw = rng.random() * sum(MIX.values())
        if draw < MIX["vehicle.priced"]:
            vehicle.price = max(1_000, vehicle.price + rng.randrange(-150, 140))
            return self._event("vehicle.priced", vehicle, f'"list_price":"{vehicle.price}.00"')
        if draw < MIX["vehicle.priced"] + MIX["vehicle.updated"]:
            cost, photos = rng.randrange(2_500), rng.randrange(40)
            return self._event("vehicle.updated", vehicle, f'"recon_cost":"{cost}.00","photo_count":{photos}')
        views, details, leads = rng.randrange(500), rng.randrange(50), rng.randrange(4)
        data = f'"search_views":{views},"detail_views":{details},"leads":{leads}'
        return self._event("engagement.daily", vehicle, data)

    def _vehicle(self, dealer: str) -> Vehicle:
        drawn = draw_vehicle(self._rng, self._letters, next(self._built))
        stocked = self._last.date() - timedelta(days=self._rng.randrange(90))
        facts = (
            f'"make":"{drawn["make"]}","model":"{drawn["model"]}","model_year":{drawn["model_year"]},'
            f'"condition":"{drawn["condition"]}","odometer":{drawn["odometer"]},"odometer_unit":"mi",'
            f'"exterior_color":"{drawn["exterior_color"]}","stock_date":"{stocked}","purchase_type":"trade",'
            f'"cost":"{drawn["cost"]}.00","list_price":"{drawn["price"]}.00"'
        )
        return Vehicle(dealer, drawn["vin"], facts, drawn["price"], drawn["cost"])

    def _event(self, kind: str, vehicle: Vehicle, data: str) -> bytes:
        self._last = max(self._last + _MICROSECOND, datetime.now(UTC))
        return (
            f'{{"specversion":"1.0","id":"{next(self._reported)}","source":"{self.source}","type":"{kind}",'
            f'"time":"{self._last.isoformat()}","subject":"{vehicle.vin}","dealerid":"{vehicle.dealer}",'
            f'"data":{{"vin":"{vehicle.vin}",{data}}}}}'
        ).encode()
