"""What was seen of advice at rooftops, from which parameters are learned."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from services.feedback.domain.lessons import Lesson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.feedback.domain.advice import Action


@dataclass(frozen=True, slots=True)
class DemandCheck:
    """Retail sales of past weeks against the mean forecast for them before any ``demand_scale``, in units."""

    weeks: int = 0
    sales: float = 0.0
    forecast: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen at one rooftop or at several together, by action.

    ``open_exposure`` are the sales expected so far of advice that is still open, at a hazard scale of 1: the
    sum of ``exposure_so_far`` over the ``hazard_scale`` of its advice.
    """

    lessons: Mapping[Action, Lesson] = field(default_factory=dict)
    open_exposure: float = 0.0
    demand: DemandCheck = DemandCheck()

    def of(self, action: Action) -> Lesson:
        """Give what one action taught."""
        return self.lessons.get(action, Lesson())

    @property
    def together(self) -> Lesson:
        """Give what all actions taught."""
        return reduce(add, self.lessons.values(), Lesson())

    @property
    def expected_sales(self) -> float:
        """Give the sales expected of ended and of open advice."""
        return self.together.expected_sales + self.open_exposure
