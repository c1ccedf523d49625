"""Standing advice against fresh advice: what to issue, replace, take back and let expire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action
from services.recommend.domain.answered import newest_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from services.recommend.domain.advice import Advice, Identity
    from services.recommend.domain.answered import Answer
    from services.recommend.domain.book import Unit

_PRICE_AMOUNT, _PRICE_SHARE = 50.0, 0.005
_VALUE_AMOUNT, _VALUE_SHARE = 75.0, 0.15
_PAY_SHARE = 0.03
DONE = "done: "
"""How the end of advice that was carried out is told, and known again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingAdvice:
    """Advice that was issued and not closed; ``expires_at`` is aware."""

    recommendation_id: str
    dealer_id: str
    action: Action
    segment: str
    value: float
    expires_at: datetime
    vehicle_key: str | None = None
    destination_dealer_id: str | None = None
    price: float | None = None
    quantity: int | None = None
    most_to_pay: float | None = None

    @property
    def identity(self) -> Identity:
        """Give what makes it the same as fresh advice."""
        return self.dealer_id, self.action, self.vehicle_key or self.segment, self.destination_dealer_id or ""


@dataclass(frozen=True, slots=True)
class Closing:
    """Standing advice to close, and why."""

    standing: StandingAdvice
    because: str


@dataclass(frozen=True, slots=True)
class Supersession:
    """Standing advice and the changed one that takes its place."""

    standing: StandingAdvice
    advice: Advice


@dataclass(frozen=True, slots=True)
class Changes:
    """What reconciling comes to; everything standing is in exactly one of the last four."""

    issue: tuple[Advice, ...] = ()
    supersede: tuple[Supersession, ...] = ()
    withdraw: tuple[Closing, ...] = ()
    expire: tuple[Closing, ...] = ()
    unchanged: tuple[StandingAdvice, ...] = ()


def reconcile(
    standing: Iterable[StandingAdvice],
    fresh: Sequence[Advice],
    now: datetime,
    *,
    units: Iterable[Unit],
    answers: Iterable[Answer] = (),
) -> Changes:
    """Set fresh advice against what stands; ``units`` are those now in stock or on order.

    Materially equal advice stays as it is, so that unchanged inputs change nothing. What has expired is
    closed, and issued anew where it still holds. A call that was answered stands as it was answered, and is not
    made again before its time.

    Raises:
        ValueError: if ``now`` is not aware.
    """
    if now.tzinfo is None:
        message = "now has no time zone; pass an aware time, so that expiry means the same everywhere"
        raise ValueError(message)
    wanted = {advice.identity: advice for advice in fresh}
    stock = {unit.vehicle_key: unit for unit in units}
    answered = newest_answers(answers)
    resting = {
        identity
        for identity, advice in wanted.items()
        if identity in answered and answered[identity].rests(advice, now)
    }
    supersede, withdraw, expire, unchanged = [], [], [], []
    settled: set[Identity] = set()
    for each in sorted(standing, key=lambda one: (one.expires_at, one.recommendation_id), reverse=True):
        advice = wanted.get(each.identity)
        if each.expires_at <= now:
            expire.append(Closing(each, _expiry(advice, answered.get(each.identity), resting)))
        elif advice is None and _awaited(each, answered):
            unchanged.append(each)
        elif advice is None:
            withdraw.append(Closing(each, _ending(each, stock)))
        elif each.identity in settled:
            withdraw.append(Closing(each, "the same advice stands already"))
        else:
            settled.add(each.identity)
            if _rests_itself(each, answered, resting) or materially_equal(each, advice):
                unchanged.append(each)
            else:
                supersede.append(Supersession(each, advice))
    quiet = settled | resting
    issue = tuple(advice for identity, advice in wanted.items() if identity not in quiet)
    return Changes(issue, tuple(supersede), tuple(withdraw), tuple(expire), tuple(unchanged))


def _rests_itself(standing: StandingAdvice, answered: Mapping[Identity, Answer], resting: set[Identity]) -> bool:
    """Tell whether this very advice was answered; what was issued since changes as any other."""
    return standing.identity in resting and _own(standing, answered) is not None


def _awaited(standing: StandingAdvice, answered: Mapping[Identity, Answer]) -> bool:
    """Tell whether it is a purchase that was agreed to, which fills its gap itself."""
    answer = _own(standing, answered)
    return answer is not None and answer.buys and not answer.done


def _own(standing: StandingAdvice, answered: Mapping[Identity, Answer]) -> Answer | None:
    """Give the answer to this very advice, if it is the newest to its call."""
    answer = answered.get(standing.identity)
    return answer if answer and answer.recommendation_id == standing.recommendation_id else None


def _expiry(advice: Advice | None, answer: Answer | None, resting: set[Identity]) -> str:
    """Say what becomes of advice whose time is over."""
    if advice is None:
        return "expired"
    if answer is None or advice.identity not in resting:
        return "expired; it still holds and is issued anew"
    return f"expired; it was {answer.decision} and is not made again so soon"


def materially_equal(standing: StandingAdvice, advice: Advice) -> bool:
    """Tell whether a dealer would see the same advice: same price, same quantity, much the same value.

    Prices within the greater of 50 and half a per cent, values within the greater of 75 and 15 per cent, the most to
    pay for a car within 3 per cent.
    """
    if standing.quantity != advice.quantity or (standing.price is None) != (advice.price is None):
        return False
    if standing.price is not None and advice.price is not None and not _same_price(standing.price, advice.price):
        return False
    if standing.most_to_pay and advice.most_to_pay and not _pays_alike(standing.most_to_pay, advice.most_to_pay):
        return False
    return abs(standing.value - advice.value) <= max(_VALUE_AMOUNT, _VALUE_SHARE * abs(standing.value))


def _same_price(first: float, second: float) -> bool:
    return abs(first - second) <= max(_PRICE_AMOUNT, _PRICE_SHARE * first)


def _pays_alike(first: float, second: float) -> bool:
    return abs(first - second) <= _PAY_SHARE * first


def _ending(standing: StandingAdvice, stock: Mapping[str, Unit]) -> str:
    """Say why advice no longer holds."""
    if standing.vehicle_key is None:
        return "the gap is filled or no longer worth filling"
    unit = stock.get(standing.vehicle_key)
    if unit is None:
        done = standing.action is Action.WHOLESALE
        return f"{DONE}it has left stock" if done else "it has left stock: sold, or gone another way"
    if unit.dealer_id != standing.dealer_id:
        arrived = unit.dealer_id == standing.destination_dealer_id
        return f"{DONE}it has moved there" if arrived else "it stands at another store now"
    reached = (
        unit.list_price is not None and standing.price is not None and _same_price(standing.price, unit.list_price)
    )
    if standing.action is Action.REPRICE and reached:
        return f"{DONE}its price is there"
    if unit.set_aside is not None:
        return f"it is {unit.set_aside} now"
    return "no longer worth it"
