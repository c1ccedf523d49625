"""The gamma-Poisson hierarchy as a strategy: always eligible, and the one the others must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.hierarchy import posterior, priors_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model


@dataclass(frozen=True, slots=True)
class Hierarchical:
    """Shrink a segment's censored rate towards its sisters'."""

    name: str = "hierarchy"
    together: bool = True

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Accept every series, even an empty one: the prior then speaks alone."""
        return np.ones(panel.size, dtype=np.bool_)

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Learn the priors from all sisters and update those of the series asked for."""
        priors = priors_of(panel)
        return posterior(panel, rows, [priors[row] for row in rows])
