"""The reason of a piece of advice in plain words, written from its evidence and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action
from services.recommend.domain.telling.evidence import Fact
from services.recommend.domain.telling.odds import LongOdds, long_odds
from services.recommend.domain.telling.wording import numbers_in, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.recommend.domain.telling.evidence import Evidence

    Facts = Mapping[str, str]


_SHADOWS = {
    Fact.SLOT_PRICE: "One more place on the lot",
    Fact.LINE_PRICE: "Each further thousand on the line",
    Fact.UNIT_PRICE: "One more allowed",
}


def write_reason(action: Action, evidence: Iterable[Evidence]) -> str:
    """Say in a few sentences why, as a used-car manager would; every figure is an evidence line's value.

    Raises:
        KeyError: if the evidence has not the lines that the action's reason is made of.
    """
    facts = {line.name: line.value for line in evidence}
    writers = {
        Action.REPRICE: _reprice,
        Action.TRANSFER: _transfer,
        Action.WHOLESALE: _wholesale,
        Action.HOLD: _hold,
        Action.ORDER: _buy,
        Action.ACQUIRE: _buy,
    }
    return writers[action](facts)


def _reprice(facts: Facts) -> str:
    if _amount(facts[Fact.NEW_PRICE]) > _amount(facts[Fact.LIST_PRICE]):
        return (
            f"{_standing(facts)} {_company(facts)} "
            f"You are leaving money on the table: raise it from {facts[Fact.LIST_PRICE]} "
            f"to {facts[Fact.NEW_PRICE]}{_of_market(facts)}. "
            f"Expect it gone in about {facts[Fact.NEW_DAYS]} days rather than {facts[Fact.KEEP_DAYS]}. "
            f"{_nets(facts)} Raised, it should net {facts[Fact.NEW_NET]}: "
            f"{facts[Fact.GAIN]} more in your pocket{_beside(facts)}."
            f"{long_odds(facts, LongOdds.RAISED)}"
        )
    return (
        f"{_standing(facts)} {_company(facts)} {_house_rule(facts)}"
        f"Cut it from {facts[Fact.LIST_PRICE]} to {facts[Fact.NEW_PRICE]}{_of_market(facts)} and it should "
        f"be gone in about {facts[Fact.NEW_DAYS]} days instead of {facts[Fact.KEEP_DAYS]}. "
        f"{_nets(facts)} Cut, it should net {facts[Fact.NEW_NET]}, "
        f"which leaves you {facts[Fact.GAIN]} better off{_beside(facts)}.{_under_cost(facts)}"
        f"{long_odds(facts, LongOdds.CUT)}"
    )


def _nets(facts: Facts) -> str:
    """Say what it brings as it is, and what that is made of: the sum that the new price is held against."""
    return (
        f"Held at its tag it should net {facts[Fact.KEEP_NET]}: what its buyer brings, finance office included, "
        f"or the lane in the end, less about {facts[Fact.HOLDING]} for every day it sits."
    )


def _under_cost(facts: Facts) -> str:
    """Own up to a price at which a unit sells for less than is in it, and say why that is no reason to wait."""
    booked = facts.get(Fact.FRONT_GROSS, "")
    if not booked.startswith("-"):
        return ""
    return (
        f" That is about {booked[1:]} less than the {facts[Fact.COST]} in it, back gross aside; that money is spent "
        f"at any price, and the lane would pay about {facts[Fact.EXIT_VALUE]}."
    )


def _beside(facts: Facts) -> str:
    """Say what a new price changes for those beside it."""
    change = facts.get(Fact.BESIDE)
    if change is None:
        return ""
    if change.startswith("-"):
        return f", after the {change[1:]} that it costs those beside it, whose customers it takes"
    return f", with the {change} it brings those beside it, who get customers it would have taken"


def _transfer(facts: Facts) -> str:
    there, on_hand = facts[Fact.DESTINATION], facts[Fact.DESTINATION_ON_HAND]
    gap = facts[Fact.DESTINATION_GAP]
    text = (
        f"Send this one to {there}. {_standing(facts)} {_company(facts)} {there} has {_count(on_hand)}, "
        f"sells about {facts[Fact.DESTINATION_DEMAND]} and is {spelled(gap)} short. "
        f"Priced at {facts[Fact.NEW_PRICE]} there it should be gone in about {facts[Fact.NEW_DAYS]} days, "
        f"the {spelled(facts[Fact.TRANSPORT_DAYS])} on the road included, against {facts[Fact.KEEP_DAYS]} here. "
    )
    taken = [f"{facts[Fact.TRANSPORT_COST]} of transport"]
    if Fact.CROWDING in facts:
        taken.append(f"{facts[Fact.CROWDING].removeprefix('-')} for the customers it takes from its like there")
    if Fact.FORGONE in facts:
        taken.append(f"the {facts[Fact.FORGONE]} {there} would have made on one it need not buy now")
    costs = " and ".join(filter(None, (", ".join(taken[:-1]), taken[-1])))
    text += f"After {costs}, the group is {facts[Fact.OVER_HOME]} ahead of the best you could do with it here"
    if facts[Fact.OVER_HOME] != facts[Fact.GAIN]:
        text += f", and {facts[Fact.GAIN]} ahead of leaving it as it is"
    return f"{text}.{_under_cost(facts)}{long_odds(facts, LongOdds.MOVED)}"


def _house_rule(facts: Facts) -> str:
    return f"House rule: {facts[Fact.AGE_RULE]}. " if Fact.AGE_RULE in facts else ""


def _wholesale(facts: Facts) -> str:
    text = f"Let this one go. {_standing(facts)} {_company(facts)} "
    text += _house_rule(facts)
    if Fact.RETAIL_NET in facts:
        text += (
            f"Even at the best price you could put on it, {facts[Fact.RETAIL_PRICE]}, it would take about "
            f"{facts[Fact.RETAIL_DAYS]} days and net {facts[Fact.RETAIL_NET]} after holding cost; "
        )
    else:
        text += f"Kept as it is, it nets {facts[Fact.KEEP_NET]} after holding cost; "
    text += f"the lane pays about {facts[Fact.EXIT_VALUE]} now. "
    if facts[Fact.GAIN].startswith("-"):
        # Only a rule of the house sends away what would bring more if it stayed.
        return f"{text}Keeping it would bring {facts[Fact.GAIN][1:]} more: that is what your rule costs you here."
    if Fact.EXIT_GROSS in facts:
        booked = facts[Fact.EXIT_GROSS]
        if booked.startswith("-"):
            text += (
                f"That books a loss of {booked[1:]} against the {facts[Fact.COST]} in it, "
                "and waiting makes it bigger: "
            )
        else:
            text += f"That still clears the {facts[Fact.COST]} you have in it: "
    else:
        text += "Do it now: "
    text += f"going today saves about {facts[Fact.GAIN]}, at {facts[Fact.HOLDING]} for every day you wait."
    return text + long_odds(facts, LongOdds.LET_GO)


def _hold(facts: Facts) -> str:
    difference = facts[Fact.RULE_LOSS]
    rule, _, deed = facts[Fact.RULE].partition(": ")
    needed = facts.get(Fact.EXIT_MARGIN, facts[Fact.MARGIN]) if deed == "wholesale" else facts[Fact.MARGIN]
    close = _amount(difference) < _amount(needed)
    text = f"{_standing(facts)} {_company(facts)} The {rule} says {deed}. "
    if Fact.HELD_BACK in facts:
        text += f"That would be {difference[1:]} better, but {facts[Fact.HELD_BACK]}. Leave it for now. "
    elif difference.startswith("-"):
        text += f"That is only {difference[1:]} better; it takes {needed} to act. Leave it. "
    elif close:
        text += f"It is a close call, but keeping it should still net {difference} more than that. "
    else:
        text += f"Don't: keeping it should net {difference} more than that. "
    return (
        f"{text}At today's price the chance of a retail sale within {facts[Fact.HORIZON]} days is "
        f"{facts[Fact.KEEP_CHANCE]}, and it should take about {facts[Fact.KEEP_DAYS]}."
    )


def _buy(facts: Facts) -> str:
    new = Fact.MOST_TO_PAY not in facts
    have = [f"have {_count(facts[Fact.ON_HAND])}", f"{_count(facts[Fact.INBOUND])} on the way"]
    if facts[Fact.ARRIVING] != "0":
        have.append(f"{_count(facts[Fact.ARRIVING])} coming from a sister store")
    segment = facts[Fact.SEGMENT]
    text = (
        f"{segment[:1].upper()}{segment[1:]}: {'order' if new else 'buy'} {_count(facts[Fact.QUANTITY])}. "
        f"You {', '.join(have[:-1])} and {have[-1]}{_wanted(facts)}. "
        f"What you buy lands in about {facts[Fact.LEAD_DAYS]} days; {facts[Fact.LEFT_THEN]} will be left by then"
        f"{_prospects(facts)} "
    )
    if Fact.VARIANTS in facts:
        text += f"Look for what has sold here: {facts[Fact.VARIANTS]}. "
    if Fact.LOST_SALES in facts:
        text += f"For want of stock you lose the sale of about {facts[Fact.LOST_SALES]}. "
    if Fact.FORMER_PRICE in facts:
        text += f"The market bears {facts[Fact.MARKET_PRICE]} now for what went for {facts[Fact.FORMER_PRICE]} here. "
    text += (
        f"At {facts[Fact.UNIT_COST]} all in and {facts[Fact.EXPECTED_GROSS]} of front and back gross apiece, "
        f"{_worth(facts[Fact.GAIN])}"
    )
    if not new:
        text += f" Past {facts[Fact.MOST_TO_PAY]} a car, all in, walk away."
    text += long_odds(facts, LongOdds.BOUGHT)
    if Fact.LIMIT in facts:
        text += f" {_count(facts[Fact.WANTED]).capitalize()} would pay, but {facts[Fact.LIMIT]}."
        for price, saying in _SHADOWS.items():
            if price in facts:
                text += f" {saying} would bring about {facts[price]}."
    if Fact.SALES_TO_EARN in facts:
        more = facts[Fact.SALES_TO_EARN]
        text += f" Retail {_count(more)} more and you earn another."
    return text


def _worth(gain: str) -> str:
    if gain.startswith("-"):
        return f"that costs you {gain[1:]} after holding cost: it is your rule that asks for it."
    return f"that is worth {gain} after holding cost."


def _wanted(facts: Facts) -> str:
    """Say how it sells: by the shoppers that were learned, which count what stands there, else by the forecast."""
    if Fact.NEXT_DAYS not in facts:
        return f", and customers want about {facts[Fact.DEMAND]}"
    if Fact.SELLING not in facts:
        return ""
    return f"; {'that one sells' if facts[Fact.ON_HAND] == '1' else 'those here sell'} at about {facts[Fact.SELLING]}"


def _prospects(facts: Facts) -> str:
    """Say what becomes of what is bought: by the shoppers that were learned, else by the forecast."""
    if Fact.NEXT_DAYS in facts:
        last = "it" if facts[Fact.QUANTITY] == "1" else "the last of these"
        return (
            f". Expect {last} to find a buyer in about {facts[Fact.NEXT_DAYS]} days, "
            f"and {facts[Fact.ADDED_SALES]} of such sales to be ones you would not have made without it."
        )
    return f", and with these you could sell {facts[Fact.COVER_DEMAND]} in the {facts[Fact.COVER_DAYS]} days after."


def write_clash(evidence: Iterable[Evidence], rule: str) -> str:
    """Say which rules cannot all be kept, by how much, and what would have to give.

    Raises:
        KeyError: if the evidence has not the lines it is made of.
    """
    lines = list(evidence)
    facts = {line.name: line.value for line in lines}
    limits = [line.value for line in lines if line.name == Fact.LIMIT]
    rooms = [line for line in lines if line.name == Fact.ROOM_NEEDED]
    missing = facts[Fact.MISSING]
    text = (
        f"Your rules clash on {facts[Fact.SEGMENT]}. You want {rule} ({_count(facts[Fact.PRESENCE])} of them) "
        f"and have {_count(facts[Fact.ON_HAND])}, but {' and '.join(limits) or 'nothing more can be bought'}. "
        f"That leaves you {_count(missing)} short. "
    )
    if rooms:
        gives = " and ".join(
            f"{_amount_of_room(line)} more room in the {(line.formula or '').partition(',')[0]}" for line in rooms
        )
        text += f"Either accept {_count(missing)} fewer, or find {gives}."
    return text


def _amount_of_room(line: Evidence) -> str:
    return line.value if not line.value.isdigit() else spelled(line.value)


def _standing(facts: Facts) -> str:
    """Say how long it has stood and how it is priced."""
    vehicle, days = facts[Fact.VEHICLE], facts.get(Fact.DAYS_IN_GROUP)
    if days is None:
        age = f"This {vehicle} is on your lot"
    elif days == "0":
        age = f"This {vehicle} came in today"
    else:
        age = f"You've had this {vehicle} for {days} {'day' if days == '1' else 'days'}"
    if Fact.PRICE_TO_MARKET in facts:
        return f"{age} at {facts[Fact.PRICE_TO_MARKET]} of market."
    if Fact.LIST_PRICE not in facts:
        return f"{age} with no price on it; the market asks about {facts[Fact.MARKET_PRICE]}."
    return f"{age}, and there is no market price to hold it against."


def _company(facts: Facts) -> str:
    """Say what stands beside it and how fast its like sells."""
    siblings, demand = facts[Fact.SIBLINGS], facts.get(Fact.DEMAND)
    after = " after today's moves" if Fact.DEPARTING in facts else ""
    if siblings == "0":
        beside = f"It is the only one of its kind here{after}"
    else:
        beside = f"There {'is' if siblings == '1' else 'are'} {_count(siblings)} more like it here{after}"
    if demand is None:
        return f"{beside}, and no sale of one is on record here."
    return f"{beside}, and the store sells about {demand}."


def _count(figure: str) -> str:
    return "none" if figure == "0" else spelled(figure)


def _of_market(facts: Facts) -> str:
    share = facts.get(Fact.NEW_PRICE_TO_MARKET)
    return f" ({share} of market)" if share else ""


def _amount(text: str) -> float:
    return float(max(numbers_in(text)))
