"""A dealer group's day as DMS events: made up front, so that making them is not measured."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.events.vin import Vin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

MIX = {
    "vehicle.priced": 0.60,
    "vehicle.updated": 0.20,
    "vehicle.stocked": 0.10,
    "vehicle.sold": 0.05,
    "engagement.daily": 0.05,
}
"""What a DMS reports on a day, by share."""

EVENTS_PER_VEHICLE = 10
"""Every vehicle is stocked once, and one event in ten is a stocking."""

_MODELS = (
    ("Toyota", "Camry"), ("Toyota", "RAV4"), ("Toyota", "Tacoma"), ("Honda", "Accord"), ("Honda", "CR-V"),
    ("Ford", "F-150"), ("Ford", "Escape"), ("Chevrolet", "Equinox"), ("Jeep", "Wrangler"), ("Nissan", "Rogue"),
)  # fmt: skip
_COLOURS = ("White", "Black", "Gray", "Silver", "Blue", "Red")
_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_STEP = timedelta(milliseconds=20)


@dataclass(frozen=True, slots=True)
class DmsLoad:
    """Events in the order of their times, each with the rooftop it is about."""

    events: tuple[dict[str, Any], ...]

    def by_connection(self, dealers: Sequence[str], connections: int) -> list[list[dict[str, Any]]]:
        """Split by rooftop, because a store's system sends its own events in order over its own connection."""
        lane = {dealer: place % connections for place, dealer in enumerate(dealers)}
        lanes: list[list[dict[str, Any]]] = [[] for _ in range(connections)]
        for event in self.events:
            lanes[lane[event["dealerid"]]].append(event)
        return lanes


def dms_load(dealers: Sequence[str], count: int, *, run: str, end: datetime, seed: int = 7) -> DmsLoad:
    """Draw ``count`` events of the mix, the last of them at ``end``.

    A vehicle's first event is its stocking and a sale its last. ``run`` names sources and vehicles, so that
    runs of different names never meet. Raises ValueError where the mix does not divide ``count``.
    """
    if count % 20:
        message = f"the mix comes in twentieths; {count} events cannot be split into it"
        raise ValueError(message)
    rng = random.Random(f"{run}/{seed}")
    letters = "".join(rng.choice(_VIN_LETTERS) for _ in range(5))
    vehicles = [_vehicle(rng, run, letters, number, dealers) for number in range(count // EVENTS_PER_VEHICLE)]
    slots = _slots(rng, count, len(vehicles))
    began = end - _STEP * count
    events = [
        _event(rng, run, place, kind, vehicles[vehicle], began + _STEP * (place + 1))
        for place, (kind, vehicle) in enumerate(slots)
    ]
    return DmsLoad(tuple(events))


def ndjson(events: Sequence[dict[str, Any]], size: int) -> Iterator[bytes]:
    """Write events as NDJSON bodies of at most ``size`` lines."""
    for start in range(0, len(events), size):
        yield b"\n".join(json.dumps(event).encode() for event in events[start : start + size])


def priced(dealer_id: str, vin: str, price: str, *, source: str, number: int, at: datetime) -> dict[str, Any]:
    """Report a vehicle's price, a decimal string in the dealer's currency."""
    data = {"vin": vin, "list_price": price}
    return _cloud(source, number, "vehicle.priced", dealer_id, vin, at, data)


def _slots(rng: random.Random, count: int, vehicles: int) -> list[tuple[str, int]]:
    """Give each place in time a kind and a vehicle; stockings come first and sales last in each life."""
    kinds = [kind for kind, share in MIX.items() for _ in range(round(count * share))]
    sold = rng.sample(range(vehicles), round(count * MIX["vehicle.sold"]))
    once = {"vehicle.stocked": iter(range(vehicles)), "vehicle.sold": iter(sold)}
    slots = [(kind, next(once[kind]) if kind in once else rng.randrange(vehicles)) for kind in kinds]
    rng.shuffle(slots)
    places: dict[int, list[int]] = defaultdict(list)
    for place, (_, vehicle) in enumerate(slots):
        places[vehicle].append(place)
    order = {"vehicle.stocked": 0, "vehicle.sold": 2}
    for vehicle, mine in places.items():
        lived = sorted((slots[place][0] for place in mine), key=lambda kind: order.get(kind, 1))
        for place, kind in zip(mine, lived, strict=True):
            slots[place] = (kind, vehicle)
    return slots


def draw_vehicle(rng: random.Random, letters: str, number: int) -> dict[str, Any]:
    """Draw a vehicle whose VIN is made of five letters and a number below a million; cost and price in dollars."""
    make, model = rng.choice(_MODELS)
    draft = Vin(f"1HG{letters}0PA{number:06d}")
    cost = rng.randrange(12_000, 45_000)
    return {
        "vin": draft[:8] + draft.expected_check_digit + draft[9:],
        "make": make,
        "model": model,
        "model_year": rng.randrange(2018, 2026),
        "condition": rng.choice(("new", "used", "used", "certified")),
        "odometer": rng.randrange(10, 90_000),
        "exterior_color": rng.choice(_COLOURS),
        "cost": cost,
        "price": round(cost * 1.12),
    }


def _vehicle(rng: random.Random, run: str, letters: str, number: int, dealers: Sequence[str]) -> dict[str, Any]:
    known = {"dealer": dealers[number % len(dealers)], "stock_number": f"{run}-{number:06d}"}
    return known | draw_vehicle(rng, letters, number)


def _event(
    rng: random.Random, run: str, number: int, kind: str, vehicle: dict[str, Any], at: datetime
) -> dict[str, Any]:
    vin, today = vehicle["vin"], at.date()
    vehicle["price"] = max(1_000, vehicle["price"] - rng.randrange(0, 150))
    data: dict[str, Any] = {"vin": vin, "stock_number": vehicle["stock_number"]}
    if kind == "vehicle.stocked":
        told = ("make", "model", "model_year", "condition", "odometer", "exterior_color")
        data |= {name: vehicle[name] for name in told}
        age = timedelta(days=rng.randrange(0, 90))
        data |= {"odometer_unit": "mi", "stock_date": str(today - age), "purchase_type": "trade"}
        data |= {"cost": f"{vehicle['cost']}.00", "list_price": f"{vehicle['price']}.00"}
    elif kind == "vehicle.priced":
        data["list_price"] = f"{vehicle['price']}.00"
    elif kind == "vehicle.updated":
        data |= {"recon_cost": f"{rng.randrange(0, 2500)}.00", "photo_count": rng.randrange(0, 40)}
    elif kind == "vehicle.sold":
        gross = vehicle["price"] - vehicle["cost"]
        data |= {"sale_date": str(today), "sale_price": f"{vehicle['price']}.00"}
        data |= {"front_gross": f"{gross}.00", "back_gross": "950.00"}
    else:
        data |= {"search_views": rng.randrange(500), "detail_views": rng.randrange(50), "leads": rng.randrange(4)}
    return _cloud(f"urn:dms:bench:{run}", number, kind, vehicle["dealer"], vin, at, data)


def _cloud(
    source: str, number: int, kind: str, dealer_id: str, vin: str, at: datetime, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{number:08d}",
        "source": source,
        "type": kind,
        "time": at.isoformat(),
        "subject": vin,
        "dealerid": dealer_id,
        "data": data,
    }
