"""What a day on the lot costs, with the part that leaves the bank apart from the part that does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.recommend.domain.parameters import Parameters

DAYS_PER_YEAR = 365.0
DAYS_PER_MONTH = 365.0 / 12.0


@dataclass(frozen=True, slots=True)
class HoldingCost:
    """Dollars a day of one unit, by what they are."""

    interest: float
    overhead: float
    depreciation: float
    slot_value: float

    @property
    def cash(self) -> float:
        """Floorplan interest and overhead."""
        return self.interest + self.overhead

    @property
    def economic(self) -> float:
        """Depreciation and the worth of the place and money it ties up."""
        return self.depreciation + self.slot_value

    @property
    def per_day(self) -> float:
        """Cash and economic parts together."""
        return self.cash + self.economic


def holding_cost(capital: float, market_value: float, parameters: Parameters, *, full: bool) -> HoldingCost:
    """Give the holding cost per day of a unit.

    ``capital`` is what is tied up in it (cost and reconditioning), ``market_value`` what depreciates. Source:
    floorplan interest + fixed overhead per unit and day + depreciation, as used by trade accountants; the
    worth of the slot is added where ``full``: there a slow car keeps a faster one away.
    """
    return HoldingCost(
        interest=capital * parameters.floorplan_apr / DAYS_PER_YEAR,
        overhead=parameters.overhead_per_day,
        depreciation=market_value * parameters.depreciation_per_month / DAYS_PER_MONTH,
        slot_value=parameters.slot_value_per_day if full else 0.0,
    )
