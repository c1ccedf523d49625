"""What to do with each unit: hold, reprice, transfer or wholesale.

The courses form a ladder from least to most upheaval. Each step up has to beat the step below it by the
margin, so that nothing is advised for a difference that the estimates cannot tell; where two steps are that
close, the gentler one is advised. A transfer's value has the purchase it replaces taken off already, and so
it has to beat a new price at home only by something.

Units of a shelf share its customers. So transfers are settled first, then wholesales one at a time from each
shelf, then new prices likewise where its shoppers were learned, and whoever is left is weighed anew: ten slow
sisters are neither all sent to the lane at once nor all cut for the same customers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action
from services.recommend.domain.rules import AgeOut
from services.recommend.domain.stocking.limits import Departures
from services.recommend.domain.stocking.position import Skipped
from services.recommend.domain.units.appraisal import appraise
from services.recommend.domain.units.courses import Effects, choices
from services.recommend.domain.units.transfers import plan_transfers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from services.recommend.domain.book import Unit
    from services.recommend.domain.lookup import Lookup, Shelf
    from services.recommend.domain.shelf_pull import Crowd
    from services.recommend.domain.stocking.position import Position
    from services.recommend.domain.stocking.program import Way
    from services.recommend.domain.units.appraisal import Appraisal
    from services.recommend.domain.units.courses import Choices, Course


@dataclass(frozen=True, slots=True)
class UnitCase:
    """A unit, what was weighed and what was chosen."""

    choices: Choices
    transfer: Course | None
    chosen: Course

    @property
    def unit(self) -> Unit:
        """The unit itself."""
        return self.choices.keep.appraisal.unit

    @property
    def baseline(self) -> Course:
        """Doing nothing."""
        return self.choices.keep

    @property
    def yardstick(self) -> Course:
        """Give what values are told over: for a move the best that could be done here, for all else doing nothing.

        So what moving a unit is said to bring can be added to what any other advice is said to bring: a new price
        that the unit could have had here is not counted as the lorry's doing.
        """
        return self.best_at_home if self.chosen.action is Action.TRANSFER else self.choices.keep

    @property
    def value(self) -> float:
        """Give the expected net over the yardstick."""
        return self.chosen.worth - self.yardstick.worth

    @property
    def over_nothing(self) -> float:
        """Give the expected net over doing nothing."""
        return self.chosen.worth - self.choices.keep.worth

    @property
    def rival(self) -> Course:
        """Give what the advice has to beat: its yardstick, or for a hold the calendar's rule."""
        held = self.chosen.action is Action.HOLD and self.choices.rule is not None
        return self.choices.rule if held and self.choices.rule is not None else self.yardstick

    @property
    def best_at_home(self) -> Course:
        """Give the best that can be done with it where it stands.

        A unit that leaves by the lane frees its customers for those that stay as one that is sent away does.
        """
        open_here = [self.choices.keep]
        if self.choices.reprice is not None:
            open_here.append(self.choices.reprice)
        if self.choices.wholesale is not None:
            freed = Effects(staying=self.chosen.effects.staying)
            open_here.append(replace(self.choices.wholesale, effects=freed))
        return max(open_here, key=lambda each: each.worth)

    @property
    def short_of_leaving(self) -> float:
        """Give by how much the lane misses what it would have to beat staying by, where it brings more; else 0."""
        lane = self.choices.wholesale
        if lane is None or self.chosen.action is Action.WHOLESALE or lane.worth <= self.chosen.worth:
            return 0.0
        return max(0.0, self.choices.to_leave - lane.worth)

    @property
    def is_worth_saying(self) -> bool:
        """Whether it is an action, or a hold against the calendar's rule."""
        return self.chosen is not self.choices.keep or self.choices.rule is not None


def weigh_units(
    lookup: Lookup, positions: Mapping[Shelf, Position], wanted: Mapping[Way, int], as_of: date
) -> tuple[list[UnitCase], list[Skipped]]:
    """Weigh every unit in stock of a group; gives a case for each, and those left out with why.

    ``wanted`` are the moves between shelves that the stocking program asks for.
    """
    appraisals, skipped = _appraised(lookup, as_of)
    weighed = _weighed(appraisals)
    moves = plan_transfers(lookup, weighed, positions, wanted, as_of)
    leaving = Counter(moves.leaving)
    settled = {key: UnitCase(weighed[key], moves.weighed.get(key), course) for key, course in moves.made.items()}
    waiting = {key: each for key, each in weighed.items() if key not in settled}
    shelves: dict[Shelf, list[str]] = {}
    for key, each in weighed.items():
        shelves.setdefault(_shelf(each), []).append(key)

    def weighed_anew(left: Iterable[Shelf]) -> dict[str, Choices]:
        staying = [waiting[key] for shelf in left for key in shelves[shelf] if key in waiting]
        return _reweighed(lookup, staying, leaving, as_of)

    lookup = _without(lookup, settled.values())
    waiting |= weighed_anew(leaving)
    for settling in (Action.WHOLESALE, Action.REPRICE):
        while True:
            cases = {key: UnitCase(each, moves.weighed.get(key), _decide(each)) for key, each in waiting.items()}
            first = _first_of_each(cases.values(), settling)
            if not first:
                break
            for case in first:
                settled[case.unit.vehicle_key] = case
                waiting.pop(case.unit.vehicle_key)
                leaving[_shelf(case.choices)] += settling is Action.WHOLESALE
            lookup = _without(lookup, first) if settling is Action.WHOLESALE else _repriced(lookup, first)
            waiting |= weighed_anew(_shelf(case.choices) for case in first)
    return [cases.get(key) or settled[key] for key in weighed], skipped


def departures(cases: Iterable[UnitCase]) -> Departures:
    """Count the units that the cases have arriving at each shelf and leaving it, and the money in them."""
    moved = Departures()
    for case in cases:
        if case.chosen.action not in (Action.TRANSFER, Action.WHOLESALE):
            continue
        # A unit of unknown cost frees what it would bring, so that no room is promised which is not there.
        cost = case.unit.total_cost
        money = max(0.0, case.chosen.appraisal.setting.exit_cash) if cost is None else cost
        moved.leaving[_shelf(case.choices)] += 1
        moved.money[case.unit.dealer_id] -= money
        if case.chosen.action is Action.TRANSFER:
            moved.arriving[case.chosen.appraisal.rooftop.dealer_id, case.unit.segment] += 1
            moved.money[case.chosen.appraisal.rooftop.dealer_id] += money
    return moved


def _appraised(lookup: Lookup, as_of: date) -> tuple[list[Appraisal], list[Skipped]]:
    appraisals, skipped = [], []
    for unit in lookup.in_stock:
        if unit.set_aside is not None:
            skipped.append(Skipped(unit.dealer_id, unit.vehicle_key, f"{unit.set_aside}: nothing is advised on it"))
            continue
        appraisal = appraise(lookup, unit, unit.dealer_id, as_of)
        if appraisal is None:
            skipped.append(Skipped(unit.dealer_id, unit.vehicle_key, "neither a list price nor a market price"))
        elif not appraisal.comparable and appraisal.demand is None:
            reason = "neither a market price to hold against it nor a demand forecast"
            skipped.append(Skipped(unit.dealer_id, unit.vehicle_key, reason))
        else:
            appraisals.append(appraisal)
    return appraisals, skipped


def _weighed(appraisals: Sequence[Appraisal]) -> dict[str, Choices]:
    pairs = zip(appraisals, choices(appraisals), strict=True)
    return {appraisal.unit.vehicle_key: weighed for appraisal, weighed in pairs}


def _reweighed(
    lookup: Lookup, staying: Sequence[Choices], leaving: Counter[Shelf], as_of: date
) -> dict[str, Choices]:
    """Weigh those who stay without those that leave their shelves."""
    anew = [
        appraise(lookup, each.keep.appraisal.unit, _shelf(each)[0], as_of, change=-leaving[_shelf(each)])
        for each in staying
    ]
    return _weighed([appraisal for appraisal in anew if appraisal is not None])


def _decide(weighed: Choices) -> Course:
    """Climb the ladder for a unit that is not transferred; the dealer's own age-out rule goes before it."""
    if weighed.ruled_out is AgeOut.WHOLESALE and weighed.wholesale is not None:
        return weighed.wholesale
    if weighed.ruled_out is AgeOut.REPRICE and weighed.reprice is not None and not weighed.cooling:
        return weighed.reprice
    if weighed.wholesale is not None and weighed.wholesale.worth >= weighed.to_leave:
        return weighed.wholesale
    if weighed.new_price_pays and not weighed.cooling and weighed.reprice is not None:
        return weighed.reprice
    return weighed.keep


def _first_of_each(cases: Iterable[UnitCase], action: Action) -> list[UnitCase]:
    """Give of each shelf the unit that gains most by an action, if any is to take it.

    Of new prices only those that change something for the ones beside.
    """
    taking = [
        case
        for case in cases
        if case.chosen.action is action
        and (action is not Action.REPRICE or case.baseline.appraisal.setting.attracted is not None)
    ]
    taking.sort(key=lambda case: (-case.value, case.unit.vehicle_key))
    first: dict[Shelf, UnitCase] = {}
    for case in taking:
        first.setdefault(_shelf(case.choices), case)
    return list(first.values())


def _without(lookup: Lookup, leavers: Iterable[UnitCase]) -> Lookup:
    """Show shoppers the shelves without those that leave them."""
    changed: dict[Shelf, Crowd] = {}
    for case in leavers:
        shelf = _shelf(case.choices)
        there = changed.get(shelf) or lookup.crowds.get(shelf)
        if there is not None:
            changed[shelf] = there.without((case.unit.vehicle_key,))
    return lookup.showing(changed)


def _repriced(lookup: Lookup, cases: Iterable[UnitCase]) -> Lookup:
    """Show shoppers the shelves with new prices, at most one of each shelf."""
    changed: dict[Shelf, Crowd] = {}
    for case in cases:
        here, shelf = case.chosen.appraisal, _shelf(case.choices)
        if shelf in lookup.crowds and case.chosen.price is not None:
            to_market, age = case.chosen.price / here.market_price.amount, here.setting.age_days
            changed[shelf] = lookup.crowds[shelf].repriced(case.unit.vehicle_key, to_market, age)
    return lookup.showing(changed)


def _shelf(weighed: Choices) -> Shelf:
    unit = weighed.keep.appraisal.unit
    return unit.dealer_id, unit.segment
