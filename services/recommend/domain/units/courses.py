"""The courses open for a unit - keep, reprice, wholesale - valued for a whole group at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.actions import Action
from services.recommend.domain.rules import AgeOut
from services.recommend.domain.units.price_range import PriceRange, grid, price_range
from services.recommend.domain.value import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.recommend.domain.time_to_sale import Floats
    from services.recommend.domain.units.appraisal import Appraisal


@dataclass(frozen=True, slots=True)
class Effects:
    """What a course changes for other units, in the dealer's currency; each is 0 where there is none.

    ``beside``: change for those beside it as its price moves. ``staying``: gain of those it leaves behind.
    ``forgone``: the value of a purchase that is not made. ``crowding``: change, never above 0, for those it comes to
    stand beside.
    """

    beside: float = 0.0
    staying: float = 0.0
    forgone: float = 0.0
    crowding: float = 0.0

    @property
    def total(self) -> float:
        """Give all of it together."""
        return self.beside + self.staying - self.forgone + self.crowding


@dataclass(frozen=True, slots=True)
class Course:
    """One course of action for a unit and what it is expected to bring.

    ``net`` is cash in less holding, transport and fees, the unit's own cost being sunk. ``price`` and the
    chances are absent for a wholesale, which brings its net at once; ``leaving`` is that of going there in the end.
    """

    action: Action
    appraisal: Appraisal
    net: float
    price: float | None = None
    unsold: float = 0.0
    leaving: float = 0.0
    expected_days: float = 0.0
    daily_hazard: float | None = None
    effects: Effects = Effects()

    @property
    def worth(self) -> float:
        """Give the net with what it changes for other units."""
        return self.net + self.effects.total


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be done with a unit where it stands; ``rule`` is what the calendar would do.

    ``ruled_out`` is the dealer's own age-out rule where the unit is past it: it overrides every sum.
    """

    keep: Course
    span: PriceRange
    reprice: Course | None
    cooling: bool
    wholesale: Course | None
    rule: Course | None
    rule_name: str | None
    ruled_out: AgeOut | None = None

    @property
    def new_price_pays(self) -> bool:
        """Whether the best new price beats keeping by the margin, be it due to move or not."""
        return self.reprice is not None and self.reprice.worth >= self.keep.worth + self.keep.appraisal.margin

    @property
    def to_leave(self) -> float:
        """Give what leaving through the lane has to bring.

        A price that must not move yet still counts: no unit goes to the lane for want of a week's patience.
        """
        staying = self.reprice if self.new_price_pays and self.reprice is not None else self.keep
        return staying.worth + self.keep.appraisal.exit_margin


def choices(appraisals: Sequence[Appraisal]) -> list[Choices]:
    """Value keeping, the best new price, wholesaling now and the calendar's rule for each unit."""
    if not appraisals:
        return []
    settings = [appraisal.setting for appraisal in appraisals]
    spans = [price_range(appraisal) for appraisal in appraisals]
    rules = [_calendar_rule(appraisal) for appraisal in appraisals]
    now = np.array([appraisal.price for appraisal in appraisals])
    ruled = np.array([price or now[row] for row, (_, price) in enumerate(rules)])
    grids = np.stack([grid(span, price) for span, price in zip(spans, now, strict=True)])
    prices = np.column_stack([now, ruled, grids])
    valued = evaluate(settings, np.where(np.isnan(prices), now[:, None], prices))

    beside = valued.beside - valued.beside[:, :1]

    def course(action: Action, row: int, column: int) -> Course:
        return Course(
            action,
            appraisals[row],
            float(valued.net[row, column]),
            float(prices[row, column]),
            float(valued.unsold[row, column]),
            float(valued.leaving[row, column]),
            float(valued.expected_days[row, column]),
            float(valued.daily_hazard[row, column]),
            Effects(beside=float(beside[row, column])),
        )

    movable = _far_enough(appraisals, now, grids)
    worths = np.where(movable, (valued.net + beside)[:, 2:], -np.inf)
    best = worths.argmax(axis=1)
    result = []
    for row, appraisal in enumerate(appraisals):
        rule_name, rule_price = rules[row]
        rule = course(Action.REPRICE, row, 1) if rule_price else None
        if rule_name and rule is None:
            rule = _leave(appraisal)
        result.append(
            Choices(
                keep=course(Action.HOLD, row, 0),
                span=spans[row],
                reprice=course(Action.REPRICE, row, 2 + int(best[row])) if movable[row].any() else None,
                cooling=_is_cooling(appraisal),
                wholesale=_leave(appraisal) if _may_wholesale(appraisal) else None,
                rule=rule,
                rule_name=rule_name,
                ruled_out=_ruled_out(appraisal),
            )
        )
    return result


def _far_enough(
    appraisals: Sequence[Appraisal], now: Floats, grids: Floats
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Tell which prices are far enough from the present one; none for a unit that has no price to move."""
    least = np.array(
        [
            max(each.rooftop.parameters.minimum_step_amount, each.rooftop.parameters.minimum_step * each.price)
            if each.unit.list_price
            else np.inf
            for each in appraisals
        ]
    )
    return np.asarray(np.abs(grids - now[:, None]) >= least[:, None])


def _is_cooling(appraisal: Appraisal) -> bool:
    priced_on = appraisal.unit.priced_on
    return priced_on is not None and (appraisal.as_of - priced_on).days < appraisal.rooftop.parameters.cooling_days


def _ruled_out(appraisal: Appraisal) -> AgeOut | None:
    """Give what the dealer's rules want done with a used unit that is older than they allow."""
    age, rules = appraisal.unit.group_days(appraisal.as_of), appraisal.rooftop.rules
    if appraisal.unit.is_new or age is None or rules.max_age_days is None or age <= rules.max_age_days:
        return None
    return rules.age_out or AgeOut.WHOLESALE


def _may_wholesale(appraisal: Appraisal) -> bool:
    """Tell whether a unit may be wholesaled: used, its cost known, and given its time at retail.

    A unit that the rules want in the lane may go whatever is known of its cost.
    """
    if _ruled_out(appraisal) is AgeOut.WHOLESALE:
        return True
    age = appraisal.unit.group_days(appraisal.as_of)
    return (
        not appraisal.unit.is_new
        and appraisal.unit.total_cost is not None
        and age is not None
        and age >= appraisal.rooftop.parameters.wholesale_after_days
    )


def _leave(appraisal: Appraisal) -> Course:
    return Course(Action.WHOLESALE, appraisal, appraisal.setting.exit_cash)


def _calendar_rule(appraisal: Appraisal) -> tuple[str | None, float | None]:
    """Give what the calendar would do with a used unit: the rule, and a price where it is a cut."""
    age, parameters = appraisal.unit.group_days(appraisal.as_of), appraisal.rooftop.parameters
    if appraisal.unit.is_new or age is None:
        return None, None
    if age >= parameters.age_exit_days and appraisal.unit.total_cost is not None:
        return f"{parameters.age_exit_days:.0f}-day rule: wholesale", None
    marks = (
        (parameters.age_cut_days, parameters.age_cut_to_market),
        (parameters.age_review_days, parameters.age_review_to_market),
    )
    for days, to_market in marks:
        if age >= days:
            if appraisal.comparable and appraisal.price_to_market > to_market + 0.005:
                return (
                    f"{days:.0f}-day rule: cut to {to_market:.0%} of market",
                    to_market * appraisal.market_price.amount,
                )
            return None, None
    return None, None
