"""The advice of each past month beside what the store then did and what came of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from doso.backtest.decisions.past import remember
from services.feedback.domain.learning import learned_shift
from services.feedback.domain.lessons import Lesson, shifted
from services.recommend.domain import Action, advise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from doso.backtest.decisions.lives import Life
    from doso.backtest.decisions.reading import History
    from services.recommend.domain import Advice, Parameters

FOLLOW_DAYS = 60
"""How long a purchase is given to sell before it counts as a slow one."""
_BUYING_DAYS = 30
_LEAST_PAST_DAYS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCall:
    """The first time that a unit was to be wholesaled or cut, and what became of it.

    ``gain`` is what following would have brought over what happened, in the dealer's currency: the lane's
    estimate, or the advised price at once, less what the unit brought in the end less its holding until then.
    None while the unit stands or where its sale has no price.
    """

    key: str
    label: str
    action: Literal["wholesale", "reprice"]
    day: date
    age_days: int
    confidence: float
    uncorrected: float
    """Confidence before what earlier calls had taught of it."""
    advised: float
    """Cash: the lane's estimate, or what the advised price brings."""
    holding_per_day: float
    days_after: int | None
    left_by: Literal["retail", "other"] | None
    brought: float | None
    gain: float | None

    @property
    def left_on(self) -> date:
        """Give the day it left, the last day there is while it stands."""
        return date.max if self.days_after is None else self.day + timedelta(days=self.days_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A vehicle that the store stocked in a month, advised or not; ``net`` is gross less holding."""

    key: str
    label: str
    day: date
    advised: bool
    confidence: float | None
    sold_in_time: bool | None
    net: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbought:
    """Advised units that the store did not stock: nobody knows what they would have done."""

    label: str
    day: date
    quantity: int
    sold_anyway: int
    """Units of the segment that the store retailed in the days after, from the stock it had."""
    expected: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Everything that was advised in the months replayed, against what happened."""

    months: tuple[date, ...]
    unit_calls: tuple[UnitCall, ...]
    purchases: tuple[Purchase, ...]
    unbought: tuple[Unbought, ...]


def months_of(history: History, count: int) -> tuple[date, ...]:
    """List the first days of up to ``count`` months that have a past to learn from and a month to judge by."""
    first = min(life.left for life in history.lives if life.left is not None)
    day = history.as_of.replace(day=1)
    months: list[date] = []
    while len(months) < count:
        if day + timedelta(days=_BUYING_DAYS) <= history.as_of:
            months.append(day)
        day = (day - timedelta(days=1)).replace(day=1)
        if day < first + timedelta(days=_LEAST_PAST_DAYS):
            break
    return tuple(reversed(months))


def replay(
    history: History,
    parameters: Parameters,
    months: Sequence[date],
    on_month: Callable[[int], None] | None = None,
) -> Replay:
    """Ask for the advice of each month's first day, and hold it against the records that follow.

    Confidence is told as the running system would: corrected by how often the calls proved right whose vehicles had
    left by that day.
    """
    calls: dict[tuple[str, str], UnitCall] = {}
    purchases: dict[str, Purchase] = {}
    unbought: list[Unbought] = []
    for done, day in enumerate(months, 1):
        parameters = taught(parameters, calls.values(), day)
        advice = advise(remember(history, parameters, day).book, day)
        standing = {life.key: life for life in history.lives if life.stood_on(day)}
        for each in advice:
            call = _unit_call(each, standing, parameters, day, history.as_of)
            if call is not None:
                calls.setdefault((call.key, call.action), call)
        wanted = {each.segment: each for each in advice if each.action in (Action.ACQUIRE, Action.ORDER)}
        bought = _bought(history, day)
        for segment, cars in bought.items():
            advised = (wanted[segment].quantity or 0) if segment in wanted else 0
            for place, life in enumerate(cars):
                followed = wanted[segment] if place < advised else None
                purchases.setdefault(life.key, _purchase(life, day, followed, parameters, history.as_of))
        unbought += [
            found
            for each in wanted.values()
            if (found := _unbought(each, len(bought.get(each.segment, [])), history, day))
        ]
        if on_month is not None:
            on_month(done)
    return Replay(
        months=tuple(months),
        unit_calls=tuple(calls.values()),
        purchases=tuple(purchases.values()),
        unbought=tuple(unbought),
    )


def taught(parameters: Parameters, calls: Iterable[UnitCall], day: date) -> Parameters:
    """Give parameters with confidence corrected by the calls that could be judged by a day."""
    judged = [each for each in calls if each.days_after is not None and each.left_on < day and each.gain is not None]
    shifts = {}
    for action in ("wholesale", "reprice"):
        own = [each for each in judged if each.action == action]
        right = sum((each.gain or 0.0) > 0 for each in own)
        shifts[action] = learned_shift(
            Lesson(calls=len(own), claimed=sum(each.uncorrected for each in own), right=right)
        )
    return replace(parameters, confidence_wholesale=shifts["wholesale"], confidence_reprice=shifts["reprice"])


def _unit_call(
    advice: Advice, lives: dict[str, Life], parameters: Parameters, day: date, as_of: date
) -> UnitCall | None:
    life = lives.get(advice.vehicle_key or "")
    if life is None or life.stocked is None or advice.action not in (Action.WHOLESALE, Action.REPRICE):
        return None
    leaving = advice.action is Action.WHOLESALE
    if leaving:
        if advice.expected_gross is None or life.invested is None:
            return None
        advised = advice.expected_gross + life.invested
    else:
        if advice.price is None or life.asked is None or advice.price >= life.asked:
            return None
        advised = advice.price * (1 - parameters.negotiation_discount)
    left = life.left if life.left is not None and life.left < as_of else None
    days = None if left is None else (left - day).days
    cash_holding = _cash_holding(life, parameters)
    brought = life.brought if left is not None else None
    gain = None
    if days is not None and brought is not None:
        # A lane sale has no finance office: a retail sale's back gross counts against it.
        back = (life.back if life.back is not None else parameters.back_gross) if life.retailed and leaving else 0.0
        gain = advised - (brought + back - cash_holding * days)
    return UnitCall(
        key=life.key,
        label=advice.label,
        action="wholesale" if leaving else "reprice",
        day=day,
        age_days=(day - life.stocked).days,
        confidence=advice.confidence,
        uncorrected=shifted(
            advice.confidence, -(parameters.confidence_wholesale if leaving else parameters.confidence_reprice)
        ),
        advised=advised,
        holding_per_day=cash_holding,
        days_after=days,
        left_by=None if left is None else "retail" if life.retailed else "other",
        brought=brought,
        gain=gain,
    )


def _bought(history: History, day: date) -> dict[str, list[Life]]:
    """Give the vehicles that came in the month after a day, by segment, in the order in which they came."""
    found: dict[str, list[Life]] = defaultdict(list)
    end = day + timedelta(days=_BUYING_DAYS)
    for life in sorted(history.lives, key=lambda each: (each.stocked or date.max, each.key)):
        if life.stocked is not None and day < life.stocked <= end:
            found[life.segment].append(life)
    return found


def _purchase(life: Life, day: date, advice: Advice | None, parameters: Parameters, as_of: date) -> Purchase:
    stocked = life.stocked or day
    left = life.left if life.left is not None and life.left < as_of else None
    judged = left is not None or (as_of - stocked).days > FOLLOW_DAYS
    in_time = left is not None and life.retailed and (left - stocked).days <= FOLLOW_DAYS
    gross = life.known_gross() if left is not None else None
    net = None if gross is None or left is None else gross - _cash_holding(life, parameters) * (left - stocked).days
    return Purchase(
        key=life.key,
        label=life.label,
        day=day,
        advised=advice is not None,
        confidence=advice.confidence if advice else None,
        sold_in_time=in_time if judged else None,
        net=net,
    )


def _unbought(advice: Advice, stocked: int, history: History, day: date) -> Unbought | None:
    quantity = advice.quantity or 0
    if stocked >= quantity:
        return None
    end = day + timedelta(days=FOLLOW_DAYS)
    sold = sum(
        life.segment == advice.segment and life.retailed and life.left is not None and day < life.left <= end
        for life in history.lives
    )
    return Unbought(
        label=advice.label,
        day=day,
        quantity=quantity - stocked,
        sold_anyway=sold,
        expected=advice.value * (quantity - stocked) / quantity,
        confidence=advice.confidence,
    )


def _cash_holding(life: Life, parameters: Parameters) -> float:
    """Give what a day of it costs in cash: floorplan interest and overhead."""
    return (life.invested or 0.0) * parameters.floorplan_apr / 365 + parameters.overhead_per_day
