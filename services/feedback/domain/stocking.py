"""What came of advice to bring in vehicles: which arrivals it may claim, and what they earned.

An order has no vehicle at first. Arrivals in its segment within the lead time are taken for it, up to its
quantity: a dealer who brings in such a vehicle without answering did what was advised. What is known by its
VIN to have been on order before it was advised is nobody's doing here; an order without one cannot be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from services.feedback.domain.advice import Action, Decision, Kind, Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from services.feedback.domain.advice import Advice, Answer, Stocking

LEAD_DAYS = MappingProxyType({Action.ORDER: 90, Action.ACQUIRE: 30})
"""Factory order to lot takes 45 to 90 days; an auction purchase 7 to 14 and reconditioning 5 to 12."""


@dataclass(frozen=True, slots=True)
class StockingResult:
    """``gross`` and ``realised_value`` are totals over the claimed vehicles, None until all of them are gone.

    Where nothing came in, nothing was done, which is worth exactly 0 against doing nothing.
    """

    kind: Kind
    on: date
    vehicle_keys: tuple[str, ...]
    arrived: tuple[date, ...]
    gross: float | None
    realised_value: float | None


def stocking_result(
    advice: Advice, answer: Answer | None, stockings: Iterable[Stocking], now: datetime
) -> StockingResult | None:
    """Judge order or acquire advice as of ``now``; None while arrivals may still come.

    None, too, for unanswered advice that was superseded: its successor asks for the same vehicles.
    """
    wanted = _wanted(advice, answer)
    if answer is not None and wanted == 0:
        return _nothing_came(max(answer.answered_at.date(), advice.issued_on))
    if answer is None and advice.status is Status.SUPERSEDED:
        return None
    deadline = advice.issued_on + timedelta(days=LEAD_DAYS[advice.action])
    arrived = sorted(
        (
            unit
            for unit in stockings
            if advice.issued_on <= unit.on <= deadline and (unit.ordered_on or unit.on) >= advice.issued_on
        ),
        key=lambda unit: (unit.on, unit.vehicle_key),
    )[:wanted]
    over = now.date() > deadline
    if not arrived:
        return _nothing_came(deadline) if over else None
    keys, days = tuple(unit.vehicle_key for unit in arrived), tuple(unit.on for unit in arrived)
    gone = [unit.gone_on for unit in arrived if unit.gone_on is not None]
    if len(gone) < len(arrived) or not (over or len(arrived) == wanted):
        return StockingResult(Kind.STOCKED, arrived[-1].on, keys, days, None, None)
    gross = _total(unit.gross for unit in arrived)
    kind = Kind.SOLD if any(unit.retailed for unit in arrived) else Kind.WHOLESALED
    return StockingResult(kind, max(gone), keys, days, gross, _realised(advice, arrived, gross))


def _wanted(advice: Advice, answer: Answer | None) -> int:
    if answer is not None and answer.decision is Decision.DECLINED:
        return 0
    if answer is not None and answer.decision is Decision.MODIFIED and answer.quantity is not None:
        return answer.quantity
    return 1 if advice.quantity is None else advice.quantity


def _nothing_came(on: date) -> StockingResult:
    return StockingResult(Kind.UNSOLD, on, (), (), None, 0.0)


def _realised(advice: Advice, units: list[Stocking], gross: float | None) -> float | None:
    if gross is None or advice.holding_cost_per_day is None or advice.back_gross is None:
        return None
    held = sum((unit.gone_on - unit.on).days for unit in units if unit.gone_on is not None)
    brought = sum(advice.brought(unit.gross or 0.0, retailed=unit.retailed) for unit in units)
    return brought + advice.effects * len(units) / max(1, advice.quantity or 1) - advice.holding_cost_per_day * held


def _total(amounts: Iterable[float | None]) -> float | None:
    known = list(amounts)
    return None if any(amount is None for amount in known) else sum(a for a in known if a is not None)
