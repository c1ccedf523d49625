"""What worker processes compute: a tenant's stored book in, changes to its advice out, both as text.

Books of thousands of vehicles are parsed here and nowhere else, and fresh advice is written out here, so that the
event loop handles neither; text also crosses between processes at no more than the cost of copying it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog

from services.recommend.domain import (
    Answer,
    Attraction,
    Changes,
    TenantBook,
    agreed,
    fit_attraction,
    fit_pace,
    newest_answers,
    reconcile,
    review,
    usual_stock,
)
from services.recommend.domain.time_to_sale import HazardModel, NotConverged
from services.recommend.packs import unpacked
from services.recommend.translate import (
    answer_of,
    book_of,
    closed,
    issued,
    lives_of,
    standing_of,
    stored_document,
)
from services.recommend.translate.rules import Documents
from shared.events import AdviceStatus, RecommendationIssued

_log = structlog.stdlib.get_logger("doso.recommend", service="recommend")


@dataclass(frozen=True, slots=True)
class Material:
    """A tenant's book as stored; units, markets, demands and answers as the text of their rows and documents."""

    tenant_id: UUID
    as_of: date
    rooftops: Sequence[Mapping[str, Any]]
    units: Sequence[str]
    markets: Sequence[str]
    demands: Sequence[str]
    grosses: Sequence[Mapping[str, Any]]
    rules: Documents
    new_sales: Sequence[Mapping[str, Any]]
    answers: Sequence[str] = ()

    def book(self) -> TenantBook:
        """Put the book together."""
        return book_of(
            self.tenant_id,
            self.rooftops,
            [stored_document(text) for text in self.units],
            [stored_document(text) for text in self.markets],
            [stored_document(text) for text in self.demands],
            self.grosses,
            self.as_of,
            rules=self.rules,
            new_sales=self.new_sales,
        )


@dataclass(frozen=True, slots=True)
class Learned:
    """What the tenant's lives tell: the model of its pace, its usual stock by shelf, and what draws its shoppers."""

    model: HazardModel | None
    usual: dict[tuple[str, str], float]
    attraction: Attraction | None

    def attached(self, book: TenantBook) -> TenantBook:
        """Give a book with all of it."""
        demands = tuple(
            replace(each, usual_stock=self.usual.get((each.dealer_id, each.segment))) for each in book.demands
        )
        return replace(book, pace=self.model, attraction=self.attraction, demands=demands)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review comes to; events as the text they are published as."""

    issued: tuple[bytes, ...]
    closed: tuple[bytes, ...]
    ended: frozenset[UUID]
    """The advice that ``closed`` closes."""
    units: int
    advice: int
    skipped: int


def learn(material: Material, packed_lives: Sequence[bytes]) -> tuple[Learned, int]:
    """Learn from lives, packed as the store gives them, and count them.

    What cannot be fitted leaves in force what holds without it.
    """
    book = material.book()
    known = {rooftop.dealer_id for rooftop in book.rooftops}
    lives = [
        life
        for rows in unpacked(packed_lives)
        for life in lives_of([stored_document(text) for text in rows])
        if life.unit.dealer_id in known
    ]
    stays = [
        ((life.unit.dealer_id, life.unit.segment), life.unit.stock_date, life.left)
        for life in lives
        if life.unit.stock_date is not None
    ]
    try:
        model = fit_pace(book, lives, material.as_of)
    except NotConverged as error:
        _log.warning("time to sale not fitted: the usual pace holds", tenant_id=book.tenant_id, error=str(error))
        model = None
    try:
        attraction = fit_attraction(book, lives, material.as_of)
    except NotConverged as error:
        _log.warning("shoppers not learned: advice goes by the forecast", tenant_id=book.tenant_id, error=str(error))
        attraction = None
    return Learned(model, usual_stock(stays, material.as_of), attraction), len(lives)


def review_tenant(material: Material, learned: Learned, standing: Sequence[str], now: datetime) -> Reviewed:
    """Compute a tenant's advice and set it against what stands."""
    book = learned.attached(material.book())
    bought = agreed([answer_of(text) for text in material.answers], book, material.as_of)
    result = review(replace(book, units=book.units + bought.awaited), material.as_of)
    before = {event["recommendation_id"]: event for event in map(stored_document, standing)}
    stood = [standing_of(event) for event in before.values()]
    changes = reconcile(stood, result.advice, now, units=book.units, answers=bought.answers)
    closings = _closings(changes, before, now)
    return Reviewed(
        issued=tuple(_text(event) for event in _issues(material.tenant_id, changes, bought.answers, now)),
        closed=tuple(map(_text, closings)),
        ended=frozenset(event.recommendation_id for event in closings),
        units=len(book.units),
        advice=len(result.advice),
        skipped=len(result.skipped),
    )


def _issues(
    tenant_id: UUID, changes: Changes, answers: Sequence[Answer], now: datetime
) -> list[RecommendationIssued]:
    answered = newest_answers(answers)
    superseding = [(each.advice, UUID(each.standing.recommendation_id)) for each in changes.supersede]
    fresh = [*superseding, *((advice, None) for advice in changes.issue)]
    return [issued(tenant_id, advice, now, old, answered.get(advice.identity)) for advice, old in fresh]


def _closings(changes: Changes, before: Mapping[str, Mapping[str, Any]], now: datetime) -> list[RecommendationIssued]:
    ends = [
        *((each.standing, AdviceStatus.SUPERSEDED, "replaced by newer advice") for each in changes.supersede),
        *((each.standing, AdviceStatus.WITHDRAWN, each.because) for each in changes.withdraw),
        *((each.standing, AdviceStatus.EXPIRED, each.because) for each in changes.expire),
    ]
    return [closed(before[standing.recommendation_id], status, why, now) for standing, status, why in ends]


def _text(event: RecommendationIssued) -> bytes:
    return event.model_dump_json().encode()
