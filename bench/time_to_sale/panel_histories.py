"""The panel's adverts as histories of units."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from bench.time_to_sale.histories import History, State
from bench.time_to_sale.panel import Advert, Panel


def panel_histories(panel: Panel) -> list[History]:
    """Give the adverts whose first day was seen; one that ended counts as sold the day after it was last seen."""
    supply = cache(panel.days_supply)

    def history(advert: Advert) -> History:
        def state(day: date) -> State:
            price, worth = advert.price_on(day), panel.worth[advert.vin]
            return State(price, worth, days_supply=supply(advert.segment, day))

        return History(
            new=advert.segment.startswith("new/"),
            came=advert.first_seen,
            ended=advert.last_seen + timedelta(days=0 if advert.still_there else 1),
            sold=not advert.still_there,
            changed=tuple(day for day, _ in advert.prices[1:]),
            state=state,
        )

    found = [history(each) for each in panel.adverts if not each.began_unseen and each.vin in panel.worth]
    return [each for each in found if each.ended > each.came]
