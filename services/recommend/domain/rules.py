"""A dealer's rules: hard constraints on advice that nothing learned may move."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class AgeOut(StrEnum):
    """What has to happen to a used unit that is older than the rules allow."""

    WHOLESALE = "wholesale"
    REPRICE = "reprice"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandRule:
    """What holds for one make at a rooftop; shares are of its units.

    ``allocation`` counts new units that the maker grants, those on order included. Of ``pool_units`` a store
    earns its share of ``pool_sales``, which every store of the pool made in ``sales_days`` (turn and earn).
    """

    max_units: int | None = None
    max_share: float | None = None
    allocation: int | None = None
    pool_units: int | None = None
    pool_sales: int | None = None
    sales_days: int = 90

    @property
    def allocates(self) -> bool:
        """Whether new units of the make are rationed."""
        return self.allocation is not None or self.pool_units is not None

    def earned(self, sales: int) -> int:
        """Give the units earned by ``sales`` of the pool's."""
        if not self.pool_units or not self.pool_sales:
            return 0
        return math.floor(self.pool_units * sales / max(self.pool_sales, sales))

    def sales_to_earn_one_more(self, sales: int) -> int | None:
        """Give how many more sales earn a further unit, the pool's own sales growing by them too.

        The least x with pool * (sales + x) / (pool sales + x) >= earned + 1; nothing where no number does.
        """
        if not self.pool_units or not self.pool_sales:
            return None
        goal, all_sales = self.earned(sales) + 1, max(self.pool_sales, sales)
        if goal >= self.pool_units:
            return None
        return max(1, math.ceil((goal * all_sales - self.pool_units * sales) / (self.pool_units - goal) - 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRule:
    """What holds for one segment at a rooftop."""

    max_units: int | None = None
    max_share: float | None = None
    minimum_presence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The way to a sister store: what a unit costs to send, how many days it takes, and whether it is open.

    What is absent is as in the receiving store's parameters.
    """

    cost: float | None = None
    days: float | None = None
    is_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of one rooftop that are not a parameter; by brand, by segment, by the id of a sister store."""

    brands: Mapping[str, BrandRule] = field(default_factory=dict)
    segments: Mapping[str, SegmentRule] = field(default_factory=dict)
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    min_days_supply: float | None = None
    max_days_supply: float | None = None
    max_age_days: int | None = None
    age_out: AgeOut | None = None
    transfers: bool = True
    hold_out_share: float = 0.0


def brand_of(segment: str) -> str:
    """Give the make in a segment's key."""
    return segment.split("/")[1]
