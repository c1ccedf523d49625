"""The one way in: from a tenant's book to all of its advice, the same for the same book and day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.recommend.domain.confidence.purchases import purchase_confidence
from services.recommend.domain.confidence.units import call_confidences, confidences, make_draws
from services.recommend.domain.hold_out import is_held_out
from services.recommend.domain.lookup import look_up
from services.recommend.domain.stocking.position import stock_positions
from services.recommend.domain.stocking.purchases import draft_plan, plan_purchases
from services.recommend.domain.telling.stock_advice import clash_advice, stock_advice
from services.recommend.domain.telling.unit_advice import unit_advice
from services.recommend.domain.units.cases import departures, weigh_units

if TYPE_CHECKING:
    from datetime import date

    from services.recommend.domain.advice import Advice
    from services.recommend.domain.book import TenantBook
    from services.recommend.domain.lookup import Lookup
    from services.recommend.domain.stocking.position import Position, Skipped


@dataclass(frozen=True, slots=True)
class Review:
    """A tenant's advice, the positions it was made from, and what was left out and why."""

    advice: tuple[Advice, ...]
    positions: tuple[Position, ...]
    skipped: tuple[Skipped, ...]


def advise(book: TenantBook, as_of: date) -> list[Advice]:
    """Give all advice for a tenant as of a day, the most valuable first.

    Raises:
        UnknownRooftopError: if the book names a rooftop that it does not list.
    """
    return list(review(book, as_of).advice)


def review(book: TenantBook, as_of: date) -> Review:
    """Give all advice for a tenant with what it was made from; see :func:`advise`."""
    lookup = look_up(book, as_of)
    positions, skipped = stock_positions(lookup)
    shelves = {(each.rooftop.dealer_id, each.segment): each for each in positions}
    draft = draft_plan(lookup, positions)
    cases, unweighed = weigh_units(lookup, shelves, draft.moved, as_of)
    spoken = [case for case in cases if case.is_worth_saying]
    draws = make_draws()
    sure = confidences([(case.chosen, case.rival) for case in spoken], draws)
    called = call_confidences(spoken, draws)
    advice = []
    kept_back = set()
    for case, confidence, call in zip(spoken, sure, called, strict=True):
        receiving = shelves.get((case.chosen.appraisal.rooftop.dealer_id, case.unit.segment))
        said = replace(unit_advice(case, confidence, receiving), call_confidence=call)
        if case.choices.ruled_out is None:
            said = _drawn(lookup, book.tenant_id, said, as_of)
        if said.held_out:
            kept_back.add(case.unit.vehicle_key)
        advice.append(said)
    # What nobody is told nobody does: purchases must not count on the room it would have made.
    done = [case for case in cases if case.unit.vehicle_key not in kept_back]
    purchases, clashes = plan_purchases(lookup, positions, departures(done))
    for purchase in purchases:
        said = stock_advice(purchase, purchase_confidence(purchase), lookup.brand_sales, as_of)
        ruled = purchase.available < purchase.position.least
        advice.append(said if ruled else _drawn(lookup, book.tenant_id, said, as_of))
    advice += [clash_advice(each, as_of) for each in clashes]
    advice.sort(key=lambda each: (-each.value, each.identity))
    return Review(tuple(advice), tuple(positions), (*skipped, *unweighed))


def _drawn(lookup: Lookup, tenant_id: str, advice: Advice, as_of: date) -> Advice:
    """Note of advice that no rule demands whether the dealer's share of hold-outs keeps it back."""
    share = lookup.rooftops[advice.dealer_id].rules.hold_out_share
    return replace(advice, hold_out_share=share, held_out=is_held_out(tenant_id, advice, share, as_of))
