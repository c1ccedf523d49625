"""The gamma-Poisson hierarchy as a strategy: always eligible, and the one the others must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.forecast.domain.hierarchy import posterior
from services.forecast.domain.prior import UNINFORMED

if TYPE_CHECKING:
    from services.forecast.domain.prior import RatePrior
    from services.forecast.domain.series import SegmentHistory
    from services.forecast.domain.strategy import Model


@dataclass(frozen=True, slots=True)
class Hierarchical:
    """Shrink a segment's censored rate towards its sisters'."""

    name: str = "hierarchy"

    def eligible(self, history: SegmentHistory) -> bool:  # noqa: ARG002 - the protocol's
        """Accept every series, even an empty one: the prior then speaks alone."""
        return True

    def fit(self, history: SegmentHistory, prior: RatePrior | None) -> Model:
        """Update the prior; without one, an uninformed guess."""
        return posterior(history, prior or UNINFORMED)
