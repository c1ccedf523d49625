"""Who plays, with settings tuned on seeds that are never scored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bench.closed_loop.feed import MarketFeed
from bench.closed_loop.policies.age_rules import AgeRules
from bench.closed_loop.policies.days_supply import DaysSupply
from bench.closed_loop.policies.doso import Doso, store_parameters
from bench.closed_loop.policies.oracle import Oracle
from bench.closed_loop.policies.replace_sold import ReplaceSold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.closed_loop.conditions import Conditions
    from bench.closed_loop.simulation import Policy

DOSO: Final = "doso"
ORACLE: Final = "oracle"
SEGMENT_ORACLE: Final = "segment_oracle"
"""Knows all that the oracle does but which trim and age of a model a store's customers want: sales hardly tell."""
BASELINES: Final = ("replace_sold", "days_supply")
CONTENDERS: Final = (*BASELINES, DOSO, SEGMENT_ORACLE, ORACLE)

TUNING_SEEDS: Final = range(101, 113)
"""Four of them move by 50,000 dollars for nothing: differences are read in pairs over all twelve."""
FIRST_SCORED_SEED: Final = 2001

TUNED: Final[dict[str, dict[str, Any]]] = {
    "replace_sold": {"opening_to_market": 1.05, "out_at": 120},
    "days_supply": {"opening_to_market": 1.06, "out_at": 90, "days": 45.0},
    DOSO: {"opening_to_market": 1.05},
    ORACLE: {"opening_to_market": 1.05, "slot_value": 20.0, "least_gain": 5.0},
    SEGMENT_ORACLE: {"opening_to_market": 1.05, "slot_value": 20.0, "least_gain": 5.0},
}
"""The best of the grid in ``tuning`` for each; DOSO's engine keeps its defaults, only the dealer's own first
price is chosen as the baselines' is."""


def contender(name: str, conditions: Conditions, settings: Mapping[str, Any] | None = None) -> Policy:
    """Make a contender with its tuned settings, or with ``settings`` over them.

    Raises KeyError for a name that is not among ``CONTENDERS``.
    """
    chosen = {**TUNED[name], **(settings or {})}
    rules = AgeRules(out_at=chosen.pop("out_at", AgeRules().out_at))
    opening = chosen.pop("opening_to_market", 1.02)
    if name == "replace_sold":
        return ReplaceSold(opening_to_market=opening, rules=rules, **chosen)
    if name == "days_supply":
        return DaysSupply(opening_to_market=opening, rules=rules, **chosen)
    if name == ORACLE:
        return Oracle(opening_to_market=opening, **chosen)
    if name == SEGMENT_ORACLE:
        return Oracle(opening_to_market=opening, by_segment=True, name="oracle by segment", **chosen)
    parameters = replace(store_parameters(conditions.physics), **chosen)
    return Doso(MarketFeed(conditions), parameters, opening)
