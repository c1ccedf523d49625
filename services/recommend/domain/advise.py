"""The one way in: from a tenant's book to all of its advice, the same for the same book and day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.recommend.domain.confidence import confidences, make_draws, purchase_confidence
from services.recommend.domain.lookup import look_up
from services.recommend.domain.stock_advice import clash_advice, stock_advice
from services.recommend.domain.stock_position import stock_positions
from services.recommend.domain.stocking import draft_plan, plan_purchases
from services.recommend.domain.unit_actions import departures, weigh_units
from services.recommend.domain.unit_advice import rival, unit_advice

if TYPE_CHECKING:
    from datetime import date

    from services.recommend.domain.advice import Advice
    from services.recommend.domain.book import TenantBook
    from services.recommend.domain.stock_position import Position, Skipped


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
    lookup = look_up(book)
    positions, skipped = stock_positions(lookup)
    shelves = {(each.rooftop.dealer_id, each.segment): each for each in positions}
    draft = draft_plan(lookup, positions)
    cases, unweighed = weigh_units(lookup, shelves, draft.moved, as_of)
    purchases, clashes = plan_purchases(lookup, positions, departures(cases))
    draws = make_draws()
    spoken = [case for case in cases if case.is_worth_saying]
    sure = confidences([(case.chosen, rival(case)) for case in spoken], draws)
    advice = [
        unit_advice(case, confidence, shelves.get((case.chosen.appraisal.rooftop.dealer_id, case.unit.segment)))
        for case, confidence in zip(spoken, sure, strict=True)
    ]
    advice += [stock_advice(each, purchase_confidence(each), lookup.brand_sales, as_of) for each in purchases]
    advice += [clash_advice(each, as_of) for each in clashes]
    advice.sort(key=lambda each: (-each.value, each.identity))
    return Review(tuple(advice), tuple(positions), (*skipped, *unweighed))
