"""The figures behind a piece of advice, line by line, and the check that nothing else is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from services.recommend.domain.telling.wording import numbers_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


class Fact(StrEnum):
    """The names of evidence lines; a reason is written from lines by these names."""

    VEHICLE = "Vehicle"
    STOCK_NUMBER = "Stock number"
    SEGMENT = "Segment"
    STORE = "Store"
    DAYS_IN_GROUP = "Days in stock"
    DAYS_IN_STORE = "Days at this store"
    LIST_PRICE = "List price"
    DAYS_SINCE_PRICED = "Days since last price change"
    MARKET_PRICE = "Market price"
    PRICE_TO_MARKET = "Price to market"
    MARKET_DAYS_SUPPLY = "Market days' supply"
    COST = "Cost with reconditioning"
    SIBLINGS = "Others of its segment on hand"
    DEMAND = "Demand per week"
    USUAL_DAYS = "Usual median days to sell"
    HOLDING = "Holding cost per day"
    HOLDING_CASH = "Holding cost per day, cash part"
    HOLDING_ECONOMIC = "Holding cost per day, economic part"
    BACK_GROSS = "Back gross"
    NEGOTIATION = "Expected discount from the tag"
    EXIT_VALUE = "Wholesale value after fees"
    FLOOR = "Price floor"
    CEILING = "Price ceiling"
    HORIZON = "Horizon in days"
    KEEP_DAYS = "Expected days if nothing is done"
    KEEP_CHANCE = "Chance of a retail sale if nothing is done"
    KEEP_NET = "Net if nothing is done"
    RETAIL_PRICE = "Best price at this store"
    RETAIL_DAYS = "Expected days at the best price at this store"
    RETAIL_CHANCE = "Chance of a retail sale at the best price at this store"
    RETAIL_NET = "Net at the best price at this store"
    NEW_PRICE = "Advised price"
    NEW_PRICE_TO_MARKET = "Advised price to market"
    PRICE_CHANGE = "Change of price"
    NEW_DAYS = "Expected days if followed"
    NEW_CHANCE = "Chance of a retail sale if followed"
    NEW_NET = "Net if followed"
    GAIN = "Gain over doing nothing"
    MARGIN = "Margin needed to act"
    ODDS = "Chance that it turns out better"
    FRONT_GROSS = "Expected front gross"
    EXIT_GROSS = "Gross booked at wholesale"
    RULE = "Calendar rule"
    RULE_NET = "Net by the calendar rule"
    RULE_LOSS = "Keeping against the calendar rule"
    HELD_BACK = "What stands in the way"
    DESTINATION = "Destination"
    DESTINATION_ON_HAND = "On hand at the destination"
    DESTINATION_DEMAND = "Demand per week at the destination"
    DESTINATION_GAP = "Units missing at the destination"
    TRANSPORT_COST = "Transport"
    TRANSPORT_DAYS = "Days on the road"
    QUANTITY = "Quantity"
    WANTED = "Units worth buying"
    ON_HAND = "On hand"
    INBOUND = "On the way"
    ARRIVING = "Coming from sister stores"
    TARGET = "Target stock"
    LEAD_DAYS = "Days until it lands"
    SELLING = "Sales per week of those on hand"
    SEASON = "Shoppers to come over the usual"
    NEXT_DAYS = "Days until the last of these finds its buyer"
    ADDED_SALES = "Sales that the last of these adds"
    FRESH_DAYS = "Days to sell when fresh and at market"
    EXIT_MARGIN = "Margin needed to leave by the lane"
    LEFT_THEN = "Expected to be left by then"
    COVER_DAYS = "Days it has to cover then (review and display)"
    COVER_DEMAND = "Demand over those days"
    DEPARTING = "Others advised to leave today"
    QUALITY = "Its own pace over its segment's"
    VARIANTS = "What of it sold here"
    COVERAGE = "Past weeks inside the forecast's 80 % range"
    LOST_SALES = "Sales lost per week for want of stock"
    FORMER_PRICE = "What such cars went for here"
    UNIT_COST = "Typical cost per unit"
    EXPECTED_GROSS = "Expected front and back gross per unit"
    UNDERAGE = "Cost of one too few"
    OVERAGE = "Cost of one too many"
    CRITICAL_RATIO = "Critical ratio"
    LAST_UNIT_VALUE = "Value of the last unit advised"
    MOST_TO_PAY = "Most to pay per unit"
    SHELF_DAYS = "Expected days on the lot"
    VALUE_PER_DAY = "Value per unit and day"
    LIMIT = "What stands in the way of more"
    LIMIT_USED = "Used of that limit before"
    SLOT_PRICE = "Worth of one more place on the lot"
    LINE_PRICE = "Worth of one more thousand on the floorplan line"
    UNIT_PRICE = "Worth of one more unit allowed"
    ALLOCATION = "Allocation of new units"
    EARNED = "Units earned by sales"
    SALES_TO_EARN = "Sales needed to earn one more"
    PLAN_METHOD = "How the quantities were chosen"
    PRESENCE = "Minimum presence by policy"
    MISSING = "Units short of the rule"
    ROOM_NEEDED = "Room needed to keep the rule"
    AGE_RULE = "Age-out rule"
    BEST_AT_HOME = "Best it could net here"
    OVER_HOME = "Gain over the best it could do here"
    BESIDE = "Change for those beside it"
    STAYING = "Gain of those it leaves behind"
    FORGONE = "Value of the purchase it replaces there"
    CROWDING = "Cost to those it joins there"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure: what, how much (as written), from where, as of when, and by which formula."""

    name: str
    value: str
    source: str
    as_of: date
    formula: str | None = None


class EvidenceSheet:
    """Collects evidence lines in order, dated alike unless told otherwise."""

    __slots__ = ("_as_of", "_lines")

    def __init__(self, as_of: date) -> None:
        """Start an empty sheet as of a day."""
        self._as_of = as_of
        self._lines: list[Evidence] = []

    def add(
        self, fact: Fact, value: str, source: str, formula: str | None = None, *, as_of: date | None = None
    ) -> None:
        """Write a line."""
        self._lines.append(Evidence(fact.value, value, source, as_of or self._as_of, formula))

    def lines(self) -> tuple[Evidence, ...]:
        """Give the lines in the order they were written."""
        return tuple(self._lines)


def unsupported_numbers(reason: str, evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """List the numbers in a reason that no evidence line has, ascending; empty where it claims nothing else.

    Names, values and formulas of the lines count as evidence. Any rewording of a reason is held to this too.
    """
    supported: set[object] = set()
    for line in evidence:
        supported |= numbers_in(f"{line.name} | {line.value} | {line.formula or ''}")
    return tuple(f"{number:f}" for number in sorted(numbers_in(reason)) if number not in supported)
