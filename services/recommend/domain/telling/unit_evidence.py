"""The evidence of a unit's case: the inputs with their age and source, then the arithmetic line by line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action
from services.recommend.domain.confidence.units import learned_shift
from services.recommend.domain.market_price import lane_worth
from services.recommend.domain.telling.evidence import EvidenceSheet, Fact
from services.recommend.domain.telling.odds import DRAWN_OF_A_UNIT, add_odds
from services.recommend.domain.telling.wording import days, decimal, money, pace, percent

if TYPE_CHECKING:
    from services.recommend.domain.stocking.position import Position
    from services.recommend.domain.telling.evidence import Evidence
    from services.recommend.domain.units.appraisal import Appraisal
    from services.recommend.domain.units.cases import UnitCase
    from services.recommend.domain.units.courses import Course


def unit_evidence(case: UnitCase, confidence: float, receiving: Position | None) -> tuple[Evidence, ...]:
    """Write the evidence of a unit's case; ``receiving`` is where a transferred one goes."""
    here, chosen = case.baseline.appraisal, case.chosen
    sheet = EvidenceSheet(here.as_of)
    _vehicle(sheet, here)
    _market(sheet, here)
    _costs(sheet, case)
    _course(sheet, case.baseline, Fact.KEEP_DAYS, Fact.KEEP_CHANCE, Fact.KEEP_NET)
    if chosen.action is Action.TRANSFER and receiving is not None:
        _destination(sheet, chosen, receiving, already=chosen.appraisal.on_hand - 1)
    if chosen.action in (Action.REPRICE, Action.TRANSFER):
        _advised(sheet, case)
    if chosen.action is Action.WHOLESALE:
        _wholesale(sheet, case)
    if case.choices.ruled_out is not None:
        limit = f"nothing used stays past {here.rooftop.rules.max_age_days} days"
        sheet.add(Fact.AGE_RULE, limit, f"rules, version {here.rooftop.rules_version}", str(case.choices.ruled_out))
    if chosen.action is Action.HOLD:
        _rule(sheet, case)
    else:
        _gain(sheet, case)
    corrected = learned_shift(chosen.action, here.rooftop.parameters) != 0
    add_odds(sheet, confidence, DRAWN_OF_A_UNIT, corrected=corrected)
    sheet.add(
        Fact.MARGIN,
        money(here.margin, here.rooftop.currency),
        "parameters",
        f"the higher of {money(here.rooftop.parameters.margin_amount, here.rooftop.currency)} and "
        f"{percent(here.rooftop.parameters.margin_fraction)} of the market price",
    )
    if here.exit_margin > here.margin and (case.choices.wholesale is not None or _rule_is_to_leave(case)):
        share = f"{here.rooftop.parameters.wholesale_margin:.1%} of the market price: who stays can still be cut"
        sheet.add(Fact.EXIT_MARGIN, money(here.exit_margin, here.rooftop.currency), "parameters", share)
    return sheet.lines()


def _gain(sheet: EvidenceSheet, case: UnitCase) -> None:
    """Write the gain over doing nothing, with what the course changes for other units line by line."""
    chosen, currency, effects = case.chosen, case.baseline.appraisal.rooftop.currency, case.chosen.effects
    formula = f"{money(chosen.net, currency)} - {money(case.baseline.net, currency)}"
    if round(effects.beside):
        sheet.add(Fact.BESIDE, money(effects.beside, currency), "value", "the same shoppers choose among them")
        formula += f" + {money(effects.beside, currency)}"
    if round(effects.staying):
        sheet.add(
            Fact.STAYING, money(effects.staying, currency), "value", "fewer beside them to share customers with"
        )
        formula += f" + {money(effects.staying, currency)}"
    if round(effects.forgone):
        sheet.add(Fact.FORGONE, money(effects.forgone, currency), "stocking", "net of a unit it need not buy now")
        formula += f" - {money(effects.forgone, currency)}"
    if round(effects.crowding):
        sheet.add(Fact.CROWDING, money(effects.crowding, currency), "value", "one more to share customers with")
        formula += f" + {money(effects.crowding, currency)}"
    sheet.add(Fact.GAIN, money(case.over_nothing, currency), "value", formula)
    if chosen.action is Action.TRANSFER:
        home = case.best_at_home
        how = {
            Action.HOLD: "left here as it is",
            Action.REPRICE: f"here at {money(home.price or home.appraisal.price, currency)}",
            Action.WHOLESALE: "to the lane, with what that leaves to those that stay",
        }[home.action]
        sheet.add(Fact.BEST_AT_HOME, money(home.worth, currency), "value", how)
        over = f"{money(chosen.worth, currency)} - {money(home.worth, currency)}"
        sheet.add(Fact.OVER_HOME, money(case.value, currency), "value", over)


def _vehicle(sheet: EvidenceSheet, here: Appraisal) -> None:
    unit, currency = here.unit, here.rooftop.currency
    sheet.add(Fact.VEHICLE, vehicle_name(here), "inventory")
    if unit.stock_number:
        sheet.add(Fact.STOCK_NUMBER, unit.stock_number, "inventory")
    sheet.add(Fact.STORE, here.rooftop.name, "inventory")
    group_days, store_days = unit.group_days(here.as_of), unit.store_days(here.as_of)
    if group_days is not None:
        sheet.add(Fact.DAYS_IN_GROUP, str(group_days), "inventory", "days since the group took it in")
    if store_days is not None and store_days != group_days:
        sheet.add(Fact.DAYS_IN_STORE, str(store_days), "inventory")
    if unit.list_price:
        sheet.add(Fact.LIST_PRICE, money(unit.list_price, currency), "inventory", as_of=unit.priced_on)
    if unit.priced_on is not None:
        sheet.add(Fact.DAYS_SINCE_PRICED, str(max(0, (here.as_of - unit.priced_on).days)), "inventory")
    if unit.total_cost is not None:
        formula = f"{money(unit.cost or 0, currency)} + {money(unit.recon_cost or 0, currency)}"
        sheet.add(Fact.COST, money(unit.total_cost, currency), "inventory", formula)


def _market(sheet: EvidenceSheet, here: Appraisal) -> None:
    priced, currency = here.market_price, here.rooftop.currency
    sheet.add(Fact.MARKET_PRICE, money(priced.amount, currency), priced.basis, priced.formula, as_of=priced.as_of)
    if here.comparable and here.unit.list_price:
        formula = f"{money(here.price, currency)} ÷ {money(priced.amount, currency)}"
        sheet.add(Fact.PRICE_TO_MARKET, percent(here.price_to_market), "market", formula, as_of=priced.as_of)
    if here.market is not None and here.market.market_days_supply is not None:
        sheet.add(
            Fact.MARKET_DAYS_SUPPLY,
            f"{here.market.market_days_supply:.0f}",
            "market",
            as_of=here.market.as_of,
            formula=f"{here.market.active_listings} listed ÷ {decimal(here.market.sold_per_day)} sold a day",
        )
    sheet.add(Fact.SIBLINGS, str(max(0, here.on_hand - 1)), "inventory")
    if here.departing:
        sheet.add(Fact.DEPARTING, str(here.departing), "transfers and wholesales advised today, taken off")
    _own_pace(sheet, here)
    if here.demand is not None and here.demand_per_day is not None and here.demand.units_sold:
        sheet.add(
            Fact.DEMAND,
            pace(here.demand_per_day * 7),
            f"forecast ({here.demand.strategy or 'unnamed'})",
            f"{decimal(here.demand_per_day * 7)} a week over the next 4; {here.demand.units_sold} sales behind it",
            as_of=here.demand.as_of,
        )


def _own_pace(sheet: EvidenceSheet, here: Appraisal) -> None:
    """Write what its days to sell are reckoned from."""
    attracted = here.setting.attracted
    if attracted is None:
        quality = "lower where others of its kind would have sold"
        sheet.add(Fact.QUALITY, f"{here.quality:.2f}", "time to sale", quality)
        sheet.add(Fact.USUAL_DAYS, f"{here.usual_days:.0f}", here.usual_days_source)
        return
    learned = "shoppers learned from the group's own sales"
    sheet.add(Fact.QUALITY, f"{here.quality:.2f}", learned, "below 1 the more customers have passed it by")
    formula = (
        f"÷ e^-({here.setting.elasticity:.1f} × price over market) "
        f"÷ {percent(math.exp(-attracted.staleness))} for each 30 days of age; its own pace is in it"
    )
    sheet.add(Fact.FRESH_DAYS, days(1 / attracted.fresh_rate), learned, formula)


def _costs(sheet: EvidenceSheet, case: UnitCase) -> None:
    here = case.baseline.appraisal
    holding, setting, currency = here.holding, here.setting, here.rooftop.currency
    sheet.add(
        Fact.HOLDING_CASH,
        money(holding.cash, currency),
        "parameters",
        f"floorplan interest {money(holding.interest, currency)} + overhead {money(holding.overhead, currency)}",
    )
    sheet.add(
        Fact.HOLDING_ECONOMIC,
        money(holding.economic, currency),
        "parameters",
        f"depreciation {money(holding.depreciation, currency)} + worth of its place "
        f"{money(holding.slot_value, currency)}",
    )
    sheet.add(Fact.HOLDING, money(holding.per_day, currency), "parameters", "cash part + economic part")
    bias = here.rooftop.parameters.gross_bias
    learned = f"with a learned correction of {money(bias, currency)}" if bias else None
    sheet.add(Fact.BACK_GROSS, money(setting.back_gross, currency), here.back_gross_source, learned)
    sheet.add(Fact.NEGOTIATION, f"{setting.negotiation_discount * 100:.1f}%", "parameters")
    parameters = here.rooftop.parameters
    sheet.add(
        Fact.EXIT_VALUE,
        money(setting.exit_cash, currency),
        "market and parameters",
        f"{money(lane_worth(here.unit, here.market_price), currency)} less "
        f"{percent(parameters.exit_discount(new=here.unit.is_new))} less a fee of "
        f"{money(parameters.wholesale_fee, currency)}",
    )
    source = f"rules, version {here.rooftop.rules_version}" if here.rooftop.rules_version else "parameters"
    sheet.add(Fact.FLOOR, money(case.choices.span.floor, currency), source)
    sheet.add(Fact.CEILING, money(case.choices.span.ceiling, currency), source)
    sheet.add(Fact.HORIZON, f"{setting.horizon_days:.0f}", "parameters")


def _course(sheet: EvidenceSheet, course: Course, until: Fact, chance: Fact, net: Fact) -> None:
    """Write how long, how likely and how much, with the arithmetic of the net."""
    setting, currency = course.appraisal.setting, course.appraisal.rooftop.currency
    retail = setting.retail_cash(course.price or course.appraisal.price)
    sheet.add(until, days(course.expected_days), "time to sale")
    sheet.add(chance, percent(1 - course.unsold), "time to sale", f"within {setting.horizon_days:.0f} days")
    standing = f"{course.expected_days:.0f} days × {money(setting.holding_per_day, currency)}"
    formula = (
        f"{percent(1 - course.leaving)} × {money(retail, currency)} + {percent(course.leaving)} × "
        f"{money(setting.exit_cash, currency)} - {standing}"
    )
    if setting.upfront_cost:
        formula += f" - {money(setting.upfront_cost, currency)} transport"
    sheet.add(net, money(course.net, currency), "value", formula)


def _advised(sheet: EvidenceSheet, case: UnitCase) -> None:
    chosen, here = case.chosen, case.baseline.appraisal
    currency, price = here.rooftop.currency, chosen.price or here.price
    sheet.add(Fact.NEW_PRICE, money(price, currency), "value", "the price that brings most, those beside it counted")
    if chosen.appraisal.comparable:
        formula = f"{money(price, currency)} ÷ {money(chosen.appraisal.market_price.amount, currency)}"
        sheet.add(Fact.NEW_PRICE_TO_MARKET, percent(price / chosen.appraisal.market_price.amount), "market", formula)
    if here.unit.list_price:
        sheet.add(Fact.PRICE_CHANGE, money(abs(price - here.unit.list_price), currency), "value")
    _course(sheet, chosen, Fact.NEW_DAYS, Fact.NEW_CHANCE, Fact.NEW_NET)
    gross = chosen.appraisal.front_gross(price)
    if gross is not None:
        sheet.add(Fact.FRONT_GROSS, money(gross, currency), "value", "price less discount less cost")


def _destination(sheet: EvidenceSheet, chosen: Course, receiving: Position, *, already: int) -> None:
    there = chosen.appraisal
    sheet.add(Fact.DESTINATION, there.rooftop.name, "inventory")
    sheet.add(Fact.DESTINATION_ON_HAND, str(already), "inventory", "with those already advised to go there")
    sheet.add(
        Fact.DESTINATION_DEMAND,
        pace(receiving.demand_per_day * 7),
        "forecast",
        f"{decimal(receiving.demand_per_day * 7)} a week",
        as_of=receiving.demand.as_of,
    )
    formula = f"target {receiving.target} - {receiving.on_hand} on hand - {receiving.inbound} on the way"
    sheet.add(Fact.DESTINATION_GAP, str(receiving.gap), "stocking", formula)
    sheet.add(Fact.TRANSPORT_COST, money(there.setting.upfront_cost, there.rooftop.currency), "rules or parameters")
    sheet.add(Fact.TRANSPORT_DAYS, f"{chosen.appraisal.setting.delay_days:.0f}", "parameters")


def _wholesale(sheet: EvidenceSheet, case: UnitCase) -> None:
    here, currency = case.baseline.appraisal, case.baseline.appraisal.rooftop.currency
    retail = case.choices.reprice
    if retail is not None and retail.price is not None and retail.net > case.baseline.net:
        sheet.add(Fact.RETAIL_PRICE, money(retail.price, currency), "value")
        _course(sheet, retail, Fact.RETAIL_DAYS, Fact.RETAIL_CHANCE, Fact.RETAIL_NET)
    cost = here.unit.total_cost
    if cost is not None:
        formula = f"{money(case.chosen.net, currency)} - {money(cost, currency)}"
        sheet.add(Fact.EXIT_GROSS, money(case.chosen.net - cost, currency), "value", formula)


def _rule(sheet: EvidenceSheet, case: UnitCase) -> None:
    rule, name = case.choices.rule, case.choices.rule_name
    if rule is None or name is None:
        return
    currency = case.baseline.appraisal.rooftop.currency
    sheet.add(Fact.RULE, name, "parameters")
    others = "with what it changes for those beside it" if round(rule.effects.total) else None
    sheet.add(Fact.RULE_NET, money(rule.worth, currency), "value", others)
    formula = f"{money(case.baseline.worth, currency)} - {money(rule.worth, currency)}"
    sheet.add(Fact.RULE_LOSS, money(case.baseline.worth - rule.worth, currency), "value", formula)
    here = case.baseline.appraisal
    needed = here.exit_margin if rule.action is Action.WHOLESALE else here.margin
    held_back = _held_back(case, rule)
    if held_back is not None and rule.worth >= case.baseline.worth + needed:
        sheet.add(Fact.HELD_BACK, held_back, "parameters")


def _rule_is_to_leave(case: UnitCase) -> bool:
    return case.choices.rule is not None and case.choices.rule.action is Action.WHOLESALE


def _held_back(case: UnitCase, rule: Course) -> str | None:
    """Say why the rule is not followed although it is worth more than doing nothing."""
    here = case.baseline.appraisal
    if rule.action is Action.REPRICE and here.unit.list_price is None:
        return "it has no price yet"
    if case.choices.cooling and here.unit.priced_on is not None:
        since = (here.as_of - here.unit.priced_on).days
        moved = "today" if since <= 0 else "yesterday" if since == 1 else f"{since} days ago"
        cooling = here.rooftop.parameters.cooling_days
        return f"its price moved {moved} and has to have {cooling:.0f} days"
    if rule.action is Action.WHOLESALE and case.choices.wholesale is None:
        return f"a car is given {here.rooftop.parameters.wholesale_after_days:.0f} days at retail first"
    if rule.price is not None and rule.price < case.choices.span.floor:
        return f"the floor is {money(case.choices.span.floor, here.rooftop.currency)}"
    return None


def vehicle_name(here: Appraisal) -> str:
    """Give a unit's name for people: year, make, model and trim, or its segment's label."""
    unit = here.unit
    if not unit.make or not unit.model:
        return unit.label
    parts = (str(unit.model_year) if unit.model_year else "", unit.make, unit.model, unit.trim or "")
    return " ".join(part for part in parts if part)
