"""Purchases that were agreed to: on the way, though no system reports them yet."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action
from services.recommend.domain.answered import REST
from services.recommend.domain.book import Unit, UnitStatus, is_new

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from services.recommend.domain.answered import Answer
    from services.recommend.domain.book import TenantBook

_PURCHASES = frozenset({Action.ACQUIRE, Action.ORDER})


def agreed_units(answers: Iterable[Answer], book: TenantBook, as_of: date) -> tuple[Unit, ...]:
    """Give what was agreed to be bought and has neither come nor been reported as ordered, as orders of the book.

    Many stores report no orders: a car is on its way for its lead time, a fortnight at least, and then no longer
    believed in. What has come to a shelf since the oldest of its agreements, or been ordered beyond what was on the
    way then, is taken for what was agreed.
    """
    shelves: dict[tuple[str, str], list[Answer]] = {}
    leads = {rooftop.dealer_id: rooftop.parameters for rooftop in book.rooftops}
    for answer in answers:
        dealer_id, action, segment, _ = answer.identity
        if answer.declined or answer.over or action not in _PURCHASES or dealer_id not in leads:
            continue
        days = max(timedelta(days=leads[dealer_id].lead_days(new=is_new(segment))), REST)
        if as_of <= answer.answered_at.date() + days:
            shelves.setdefault((dealer_id, segment), []).append(answer)
    return tuple(order for shelf, agreed in sorted(shelves.items()) if (order := _order(*shelf, agreed, book.units)))


def _order(dealer_id: str, segment: str, agreed: Sequence[Answer], units: Sequence[Unit]) -> Unit | None:
    first = min(agreed, key=lambda each: each.answered_at)
    since = first.answered_at.date()
    mine = [unit for unit in units if (unit.dealer_id, unit.segment) == (dealer_id, segment)]
    ordered = sum(unit.quantity for unit in mine if unit.status is UnitStatus.ON_ORDER)
    arrived = sum(1 for unit in mine if unit.status is UnitStatus.IN_STOCK and (unit.stock_date or since) > since)
    awaited = sum(each.quantity or 0 for each in agreed) - max(0, ordered + arrived - first.inbound)
    if awaited <= 0:
        return None
    return Unit(
        dealer_id=dealer_id,
        vehicle_key=f"agreed {first.recommendation_id}",
        segment=segment,
        label=first.label,
        status=UnitStatus.ON_ORDER,
        quantity=awaited,
    )
