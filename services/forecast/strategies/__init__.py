"""Ways to forecast, one file each; heavy libraries are imported only when a series needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.forecast.strategies.auto_ets import AutoEts
from services.forecast.strategies.hierarchical import Hierarchical
from services.forecast.strategies.prophet_curve import ProphetCurve
from services.forecast.strategies.seasonal_naive import SeasonalNaive

if TYPE_CHECKING:
    from services.forecast.domain.strategy import Strategy

__all__ = ["AutoEts", "Hierarchical", "ProphetCurve", "SeasonalNaive", "all_strategies", "light_strategies"]


def light_strategies() -> tuple[Strategy, ...]:
    """List the strategies that need nothing but numpy; the hierarchy first, as the one to beat."""
    return (Hierarchical(), SeasonalNaive())


def all_strategies() -> tuple[Strategy, ...]:
    """List every strategy, the hierarchy first, as the one to beat."""
    return (*light_strategies(), AutoEts(), ProphetCurve())
