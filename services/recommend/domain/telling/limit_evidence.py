"""The evidence of limits: which one binds, how far it is used, what more room would bring, what earns more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.recommend.domain.book import is_new
from services.recommend.domain.rules import brand_of
from services.recommend.domain.stocking.limits import LimitKind
from services.recommend.domain.telling.evidence import EvidenceSheet, Fact
from services.recommend.domain.telling.wording import money, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.recommend.domain.stocking.limits import Limit
    from services.recommend.domain.stocking.position import Position
    from services.recommend.domain.stocking.purchases import Binding

_THOUSAND = 1_000.0
_WORTH_SAYING = 0.5


def write_limits(sheet: EvidenceSheet, bindings: Sequence[Binding], position: Position) -> None:
    """Write the limits that bind a shelf, the dearest first, each with its shadow price."""
    currency = position.rooftop.currency
    for binding in bindings:
        sheet.add(Fact.LIMIT, in_words(binding.limit, currency), "rules")
        sheet.add(Fact.LIMIT_USED, used_of(binding.limit, currency), "inventory and today's moves")
        if binding.worth < _WORTH_SAYING / _THOUSAND:
            continue
        formula = "dual of the limit in the linear relaxation of the program"
        if binding.limit.kind is LimitKind.FLOORPLAN:
            sheet.add(Fact.LINE_PRICE, money(binding.worth * _THOUSAND, currency), "stocking", formula)
        elif binding.limit.kind is LimitKind.SLOTS:
            sheet.add(Fact.SLOT_PRICE, money(binding.worth, currency), "stocking", formula)
        else:
            sheet.add(Fact.UNIT_PRICE, money(binding.worth, currency), "stocking", formula)


def write_allocation(sheet: EvidenceSheet, position: Position, brand_sales: Mapping[tuple[str, str], int]) -> None:
    """Write what the maker grants a rooftop, and what it would take to be granted more."""
    brand = brand_of(position.segment)
    rule = position.rooftop.rules.brands.get(brand)
    if rule is None or not rule.allocates or not is_new(position.segment):
        return
    sales = brand_sales.get((position.rooftop.dealer_id, brand), 0)
    earned = rule.earned(sales)
    granted = rule.allocation or 0
    sheet.add(Fact.ALLOCATION, str(granted + earned), "rules", f"{granted} granted + {earned} earned")
    if rule.pool_units is None or rule.pool_sales is None:
        return
    pool = max(rule.pool_sales, sales)
    formula = f"{rule.pool_units} units × {sales} sold ÷ {pool} sold by all in {rule.sales_days} days"
    sheet.add(Fact.EARNED, str(earned), "sales and rules", formula)
    more = rule.sales_to_earn_one_more(sales)
    if more is not None:
        sheet.add(Fact.SALES_TO_EARN, str(more), "sales and rules", f"until the share earns {earned + 1}")


def in_words(limit: Limit, currency: str) -> str:
    """Say what a limit is as a used-car manager would, with its figure."""
    whole = f"{limit.allowed:.0f}"
    return {
        LimitKind.FLOORPLAN: f"the floorplan line of {money(limit.allowed, currency)} is used up",
        LimitKind.SLOTS: f"the lot is full at {whole}",
        LimitKind.ALLOCATION: f"the {limit.subject.title()} allocation of {whole} is used up",
        LimitKind.BRAND_UNITS: f"your rules allow {whole} {limit.subject.title()} units",
        LimitKind.BRAND_SHARE: f"your rules allow {percent(limit.allowed)} {limit.subject.title()}",
        LimitKind.SEGMENT_UNITS: f"your rules allow {whole} of them",
        LimitKind.SEGMENT_SHARE: f"your rules allow them {percent(limit.allowed)} of stock",
        LimitKind.DAYS_SUPPLY: f"your rules' days' supply allows {whole} of them",
    }[limit.kind]


def used_of(limit: Limit, currency: str) -> str:
    """Say how far a limit is used before anything is bought."""
    if limit.kind is LimitKind.FLOORPLAN:
        return money(limit.used, currency)
    return f"{limit.used:.0f}"


def room_needed(limit: Limit, position: Position, missing: int) -> str:
    """Say by how much a limit would have to give for ``missing`` more units of a shelf."""
    weight = limit.weights[position.segment]
    if limit.kind is LimitKind.FLOORPLAN:
        return money(limit.excess + weight * missing, position.rooftop.currency)
    return f"{limit.excess + missing:.0f}"
