"""One advert per vehicle: a car advertised twice, or again after a pause, is one car and was not sold between."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.market.domain.listings import Listing

RELISTED_WITHIN_DAYS = 45
"""A VIN that comes back later than this was probably sold and traded in again."""


def one_advert_per_vehicle(
    rows: Iterable[Listing], as_of: date, *, relisted_within: int = RELISTED_WITHIN_DAYS
) -> list[Listing]:
    """Join the adverts of one VIN that overlap or follow within ``relisted_within`` days, as known on ``as_of``.

    Adverts first seen after ``as_of`` are left out, so that a replay does not know that a car came back. The
    joined advert has the newest one's key, price, seller and description, the first day of the first and the
    last day of any. Adverts without a VIN pass as they are.
    """
    joined: list[Listing] = []
    by_vin: defaultdict[str, list[Listing]] = defaultdict(list)
    for row in rows:
        if row.first_seen > as_of:
            continue
        if row.vin:
            by_vin[row.vin].append(row)
        else:
            joined.append(row)
    pause = timedelta(days=relisted_within)
    for adverts in by_vin.values():
        adverts.sort(key=lambda advert: (advert.first_seen, advert.last_seen, advert.key))
        life = adverts[0]
        for advert in adverts[1:]:
            if advert.first_seen - life.last_seen <= pause:
                life = _joined(life, advert)
            else:
                joined.append(life)
                life = advert
        joined.append(life)
    return joined


def _joined(one: Listing, other: Listing) -> Listing:
    newest, older = (one, other) if (one.last_seen, one.active) > (other.last_seen, other.active) else (other, one)
    return replace(
        newest,
        first_seen=min(one.first_seen, other.first_seen),
        price=newest.price if newest.price is not None else older.price,
        odometer_km=newest.odometer_km if newest.odometer_km is not None else older.odometer_km,
        trim=newest.trim or older.trim,
        certified=newest.certified or older.certified,
        # Two adverts at once may ask two prices; only the newest advert's own moves are moves.
        prices=newest.prices,
    )
