"""Purchases that were agreed to: on the way, though no system reports them yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from services.recommend.domain.answered import REST
from services.recommend.domain.book import Unit, UnitStatus, is_new

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.recommend.domain.answered import Answer
    from services.recommend.domain.book import TenantBook


@dataclass(frozen=True, slots=True)
class Agreed:
    """Answers, those of purchases that came told as done, and what is still to come as orders of the book."""

    answers: tuple[Answer, ...]
    awaited: tuple[Unit, ...]


def agreed(answers: Sequence[Answer], book: TenantBook, as_of: date) -> Agreed:
    """Find what was agreed to be bought and has neither come nor been reported as ordered.

    Many stores report no orders: a car is on its way for its lead time, a fortnight at least, and then no longer
    believed in. What has come to a shelf since the oldest of its agreements, or been ordered beyond what was on the
    way before, is taken for what was agreed.
    """
    shelves: dict[tuple[str, str], list[Answer]] = {}
    parameters = {rooftop.dealer_id: rooftop.parameters for rooftop in book.rooftops}
    for answer in answers:
        dealer_id, _, segment, _ = answer.identity
        if not answer.buys or dealer_id not in parameters:
            continue
        days = max(timedelta(days=parameters[dealer_id].lead_days(new=is_new(segment))), REST)
        if as_of <= answer.answered_at.date() + days:
            shelves.setdefault((dealer_id, segment), []).append(answer)
    done: set[str] = set()
    awaited = []
    for shelf, bought in sorted(shelves.items()):
        missing = _missing(bought, book.units, shelf)
        if missing > 0:
            awaited.append(_order(shelf, bought[0], missing))
        else:
            done |= {each.recommendation_id for each in bought}
    told = tuple(replace(each, done=True) if each.recommendation_id in done else each for each in answers)
    return Agreed(told, tuple(awaited))


def _missing(bought: Sequence[Answer], units: Sequence[Unit], shelf: tuple[str, str]) -> int:
    first = min(bought, key=lambda each: each.answered_at)
    ordered = sum(
        unit.quantity
        for unit in units
        if (unit.dealer_id, unit.segment) == shelf and unit.status is UnitStatus.ON_ORDER
    )
    return sum(each.quantity or 0 for each in bought) - max(0, ordered + first.arrived - first.inbound)


def _order(shelf: tuple[str, str], answer: Answer, quantity: int) -> Unit:
    dealer_id, segment = shelf
    return Unit(
        dealer_id=dealer_id,
        vehicle_key=f"agreed {answer.recommendation_id}",
        segment=segment,
        label=answer.label,
        status=UnitStatus.ON_ORDER,
        quantity=quantity,
    )
