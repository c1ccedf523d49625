"""A fitted model of the time to sale: for units at prices, the chance of still being here day by day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.time_to_sale.calibration import Calibration
from services.recommend.domain.time_to_sale.features import (
    NAMES,
    UnitFeatures,
    calendar_of,
    pace_columns,
    pace_of,
    price_column,
)
from services.recommend.domain.time_to_sale.features import PACE as _PACE
from services.recommend.domain.time_to_sale.intensity import Exposure
from services.recommend.domain.time_to_sale.prior import TRADE_PRIOR, HazardPrior

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class HazardModel:
    """Coefficients in the order of ``NAMES`` with their precision (Laplace), and the correction on top.

    ``units`` and ``sales`` are what it was fitted on. ``gain`` is by how much it raised the mean log likelihood
    per sale of units held out of the fit over that of its prior, in nats; None where too few were there to tell.
    """

    coefficients: Floats
    precision: Floats
    calibration: Calibration = field(default_factory=Calibration)
    units: int = 0
    sales: int = 0
    gain: float | None = None

    @classmethod
    def of_prior(cls, prior: HazardPrior = TRADE_PRIOR) -> HazardModel:
        """Give the model of a tenant that has not sold anything yet."""
        return cls(prior.mean, prior.precision)

    def as_prior(self, weight: float = 1.0) -> HazardPrior:
        """Give the prior for a part of what this was fitted on, such as a rooftop of the tenant.

        ``weight`` under one makes it vaguer: parts differ more than the whole is uncertain.
        """
        return HazardPrior(self.coefficients, weight * self.precision)

    def named(self) -> dict[str, float]:
        """Give the coefficients by name."""
        return dict(zip(NAMES, self.coefficients.tolist(), strict=True))

    def survival(
        self, unit_features: UnitFeatures, prices: Floats, days: int, *, delay: Floats | None = None
    ) -> Floats:
        """Give the chance of still being here after each of ``days`` days from now, given that it is here now.

        ``prices`` of shape (n, k) for n units, giving shape (n, k, days + 1); or (k,) for the only unit, giving
        (k, days + 1). The first entry, of today, is 1. No sale is possible in the first ``delay`` days, shape
        (n,), while the unit is on the road.

        Raises:
            ValueError: if the prices are not one row per unit.
        """
        rows = self._rows(unit_features, prices)
        open_days = self._open_days(len(unit_features), days, delay)
        survival = np.ones((*rows.shape, days + 1))
        cumulated = self._cumulated(unit_features, days, open_days)
        np.multiply(-self.rate(unit_features, rows)[:, :, None], cumulated[:, None, :], out=survival[:, :, 1:])
        np.exp(survival[:, :, 1:], out=survival[:, :, 1:])
        return survival[0] if prices.ndim == 1 else survival

    def rate(self, unit_features: UnitFeatures, prices: Floats) -> Floats:
        """Give the factor of a unit and price on the intensity, shape (n, k); for ``sojourn`` and ``survival``."""
        pace = pace_of(self.coefficients, unit_features, self._rows(unit_features, prices))
        factor: Floats = np.exp(self.calibration(pace))
        return factor

    def exposure(self, unit_features: UnitFeatures, horizon: Floats, delay: Floats) -> Exposure:
        """Cumulate the factors of the days over each unit's horizon, in days, both of shape (n,).

        With ``rate`` it stands in for the parameters' intensity in ``sojourn``.
        """
        days = int(np.ceil(horizon.max())) if horizon.size else 0
        open_days = self._open_days(len(unit_features), days, delay)
        return Exposure.of_cumulated(self._cumulated(unit_features, days, open_days), horizon)

    def log_rate_sd(self, unit_features: UnitFeatures, prices: Floats) -> Floats:
        """Give the sd of the log pace of each unit at its one price, shape (n,): how far it is known."""
        columns = pace_columns(unit_features, price_column(prices, unit_features.market_price))
        covariance = np.linalg.inv(self.precision)[: len(_PACE), : len(_PACE)]
        variance: Floats = np.einsum("ij,jk,ik->i", columns, covariance, columns)
        return self.calibration.stretch * np.sqrt(variance)

    def _cumulated(self, unit_features: UnitFeatures, days: int, open_days: NDArray[np.bool_]) -> Floats:
        daily = np.exp(self.calibration.stretch * calendar_of(self.coefficients, unit_features, days))
        cumulated: Floats = np.cumsum(daily * open_days, axis=1)
        return cumulated

    @staticmethod
    def _open_days(n: int, days: int, delay: Floats | None) -> NDArray[np.bool_]:
        closed = np.zeros(n) if delay is None else delay
        return np.asarray(np.arange(1, days + 1)[None, :] > closed[:, None])

    @staticmethod
    def _rows(unit_features: UnitFeatures, prices: Floats) -> Floats:
        rows = prices[None, :] if prices.ndim == 1 else prices
        if rows.ndim != 2 or len(rows) != len(unit_features):  # noqa: PLR2004  # units and prices
            message = f"prices have shape {prices.shape} for {len(unit_features)} units: give one row of prices each"
            raise ValueError(message)
        return rows


def stay(survival: Floats) -> tuple[Floats, Floats]:
    """Give the chance of being unsold at the end, and the expected days up to it, of curves (..., days + 1).

    The expected days count each day at whose beginning the unit was there, as ``sojourn`` does.
    """
    return survival[..., -1], survival[..., :-1].sum(axis=-1)
