"""What to do with each unit: hold, reprice, transfer or wholesale.

The courses form a ladder from least to most upheaval. Each step up has to beat the step below it by the
margin, so that nothing is advised for a difference that the estimates cannot tell; where two steps are that
close, the gentler one is advised. A transfer's value has the purchase it replaces taken off already, and so
it has to beat a new price at home only by something.

Units of a shelf share its customers. So transfers are settled first, then wholesales one at a time from each
shelf, and whoever stays is weighed anew without those that leave: ten slow sisters are not all sent to the
lane at once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action
from services.recommend.domain.appraisal import appraise
from services.recommend.domain.courses import Effects, choices
from services.recommend.domain.limits import Departures
from services.recommend.domain.rules import AgeOut
from services.recommend.domain.stock_position import Skipped
from services.recommend.domain.transfers import plan_transfers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from services.recommend.domain.appraisal import Appraisal
    from services.recommend.domain.book import Unit
    from services.recommend.domain.courses import Choices, Course
    from services.recommend.domain.lookup import Lookup, Shelf
    from services.recommend.domain.program import Way
    from services.recommend.domain.stock_position import Position


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

    def without_leavers(left: Iterable[Shelf]) -> dict[str, Choices]:
        staying = [waiting[key] for shelf in left for key in shelves[shelf] if key in waiting]
        return _reweighed(lookup, staying, leaving, as_of)

    waiting |= without_leavers(leaving)
    while True:
        cases = {key: UnitCase(each, moves.weighed.get(key), _decide(each)) for key, each in waiting.items()}
        leavers = _first_to_leave(cases.values())
        if not leavers:
            return [cases.get(key) or settled[key] for key in weighed], skipped
        for case in leavers:
            settled[case.unit.vehicle_key] = case
            waiting.pop(case.unit.vehicle_key)
            leaving[_shelf(case.choices)] += 1
        waiting |= without_leavers(_shelf(case.choices) for case in leavers)


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
    margin, to_beat = weighed.keep.appraisal.margin, weighed.keep.net
    chosen = weighed.keep
    if weighed.reprice is not None and weighed.reprice.net >= to_beat + margin:
        to_beat = weighed.reprice.net
        if not weighed.cooling:
            chosen = weighed.reprice
    # A price that must not move yet still counts: no unit goes to the lane for want of a week's patience.
    if weighed.wholesale is not None and weighed.wholesale.net >= to_beat + weighed.keep.appraisal.exit_margin:
        chosen = weighed.wholesale
    return chosen


def _first_to_leave(cases: Iterable[UnitCase]) -> list[UnitCase]:
    """Give of each shelf the unit that gains most by leaving through the wholesale lane, if any does."""
    leavers = [case for case in cases if case.chosen.action is Action.WHOLESALE]
    leavers.sort(key=lambda case: (-case.value, case.unit.vehicle_key))
    first: dict[Shelf, UnitCase] = {}
    for case in leavers:
        first.setdefault(_shelf(case.choices), case)
    return list(first.values())


def _shelf(weighed: Choices) -> Shelf:
    unit = weighed.keep.appraisal.unit
    return unit.dealer_id, unit.segment
