"""Ways to forecast, one file each; heavy libraries are imported only when a series needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.forecast.strategies.adida import Adida
from services.forecast.strategies.auto_arima import AutoArima
from services.forecast.strategies.auto_ets import AutoEts
from services.forecast.strategies.blend import Blend
from services.forecast.strategies.croston import CrostonSba
from services.forecast.strategies.hierarchical import Hierarchical
from services.forecast.strategies.mstl import Mstl
from services.forecast.strategies.prophet_curve import ProphetCurve
from services.forecast.strategies.seasonal_naive import SeasonalNaive
from services.forecast.strategies.smoothed_level import SmoothedLevel
from services.forecast.strategies.smoothed_root import SmoothedRoot
from services.forecast.strategies.smoothed_season import SmoothedSeason
from services.forecast.strategies.theta import Theta
from services.forecast.strategies.tsb import Tsb

if TYPE_CHECKING:
    from services.forecast.domain.strategy import Strategy

__all__ = [
    "Adida",
    "AutoArima",
    "AutoEts",
    "Blend",
    "CrostonSba",
    "Hierarchical",
    "Mstl",
    "ProphetCurve",
    "SeasonalNaive",
    "SmoothedLevel",
    "SmoothedRoot",
    "SmoothedSeason",
    "Theta",
    "Tsb",
    "all_strategies",
    "light_strategies",
]


def light_strategies() -> tuple[Strategy, ...]:
    """List the strategies that need nothing but numpy; the hierarchy first, as the one to beat."""
    return (Hierarchical(), Tsb(), CrostonSba(), SmoothedLevel(), SeasonalNaive())


def all_strategies() -> tuple[Strategy, ...]:
    """List every strategy that may serve a rooftop, the hierarchy first, as the one to beat."""
    return (*light_strategies(), Theta(), Adida(), Mstl(), AutoEts(), AutoArima(), ProphetCurve())
