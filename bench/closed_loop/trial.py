"""One policy in one world: a year of warm-up that all share, then the weeks that count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.closed_loop.conditions import draw_conditions
from bench.closed_loop.contenders import contender
from bench.closed_loop.group import Group, Ledger
from bench.closed_loop.policies.doso import Doso
from bench.closed_loop.policies.warm_up import WarmUp, first_stock
from bench.closed_loop.simulation import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.closed_loop.physics import Physics


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy came to in the scored weeks; amounts in USD, ``weekly_profit`` before liquidation."""

    policy: str
    seed: int
    net_profit: float
    """Front and back gross less holding, transport and losses in the lane, the stock left over sold there."""
    front_gross: float
    back_gross: float
    holding: float
    transport: float
    wholesale_result: float
    liquidation: float
    units_sold: int
    units_wholesaled: int
    average_stock: float
    turn: float
    """Retail sales a year over the average stock."""
    fill_rate: float
    """Of customers who would have bought the ordinary car they wanted, those who bought one."""
    share_over_60: float
    weekly_profit: tuple[float, ...]
    advice: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def play(name: str, seed: int, physics: Physics, settings: Mapping[str, Any] | None = None) -> Outcome:
    """Run the warm-up of a seed, then a contender; equal arguments give an equal outcome.

    ``settings`` replace those of the contender. Raises KeyError for a contender that does not exist.
    """
    conditions = draw_conditions(seed, physics)
    group = Group(conditions, Ledger.blank(physics.days))
    first_stock(group)
    run(group, WarmUp(), 0, physics.first_scored_day)
    policy = contender(name, conditions, settings)
    run(group, policy, physics.first_scored_day, physics.days)
    advice = dict(policy.followed) if isinstance(policy, Doso) else {}
    return _outcome(policy.name, group, Counter(advice))


def _outcome(name: str, group: Group, advice: Counter[str]) -> Outcome:
    physics, ledger = group.conditions.physics, group.ledger
    scored = slice(physics.first_scored_day, physics.days)
    last = physics.days - 1
    liquidation = sum(group.exit_value(car, last) - car.invested for car in group.cars.values())
    stock, sold = float(ledger.standing[scored].mean()), int(ledger.sold[scored].sum())
    profit = ledger.profit[scored]
    lane = sum(not car.sold and (car.left_day or 0) >= scored.start for car in group.gone)
    return Outcome(
        policy=name,
        seed=group.conditions.seed,
        net_profit=float(profit.sum()) + liquidation,
        front_gross=float(ledger.front[scored].sum()),
        back_gross=float(ledger.back[scored].sum()),
        holding=float(ledger.holding[scored].sum()),
        transport=float(ledger.transport[scored].sum()),
        wholesale_result=float(ledger.wholesale[scored].sum()),
        liquidation=liquidation,
        units_sold=sold,
        units_wholesaled=lane,
        average_stock=stock,
        turn=sold * 365 / (7 * physics.weeks) / max(stock, 1.0),
        fill_rate=float(ledger.served[scored].sum() / max(1.0, ledger.wanted[scored].sum())),
        share_over_60=float(ledger.over_60[scored].sum() / max(1.0, ledger.standing[scored].sum())),
        weekly_profit=tuple(float(each) for each in np.add.reduceat(profit, np.arange(0, profit.size, 7))),
        advice=dict(advice),
    )
