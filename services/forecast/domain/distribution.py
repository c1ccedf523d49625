"""What may come: negative binomials for counts, exact down to rates of one unit a year, and their protocol."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Place = int | NDArray[np.int64] | NDArray[np.bool_]

LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""The quantiles that are published and scored."""

_WIDEST_TABLE = 16_384
_LARGEST_TABLE = 4_000_000
_POISSON_BELOW = 1e-9
_ROUNDING = 1e-12
_FLOOR_SHARE = 0.05
_MAX_DISPERSION = 50.0
_HIGHEST_MEAN = 1e9


class Predictive(Protocol):
    """The distribution of demand in each coming period; shapes are ``[series, periods]`` or any one shape."""

    @property
    def mean(self) -> NDArray[np.float64]:
        """Expected demand, units a period."""
        ...

    @property
    def dispersion(self) -> NDArray[np.float64]:
        """Variance over mean, at least 1 for counts; shaped as the mean."""
        ...

    def quantiles(self, levels: Sequence[float] = LEVELS) -> NDArray[np.float64]:
        """Give the quantiles at levels strictly between 0 and 1; ``[..., levels]``."""
        ...

    def scaled(self, factor: float | NDArray[np.float64]) -> Predictive:
        """Multiply the underlying rate by a factor, or each period's by its own."""
        ...

    def __getitem__(self, place: Place) -> Predictive:
        """Take some series or periods, indexed as an array of the mean's shape."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class NegativeBinomial:
    """Counts, independent given the rate: ``mean`` units a period, any shape, and ``dispersion`` likewise.

    Dispersion is variance over mean, at least 1 (Poisson). Raises ValueError for anything else.
    """

    mean: NDArray[np.float64]
    dispersion: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse a distribution that does not exist."""
        if self.mean.shape != self.dispersion.shape:
            message = f"mean {self.mean.shape} and dispersion {self.dispersion.shape} must match"
            raise ValueError(message)
        if not (np.isfinite(self.mean).all() and (self.mean >= 0).all()):
            message = f"the mean of demand must be finite and not negative, not {self.mean}"
            raise ValueError(message)
        if not (np.isfinite(self.dispersion).all() and (self.dispersion >= 1).all()):
            message = f"dispersion is variance over mean and at least 1, not {self.dispersion}"
            raise ValueError(message)

    def quantiles(self, levels: Sequence[float] = LEVELS) -> NDArray[np.float64]:
        """Find the smallest whole number of units with at least each probability; ``[..., levels]``.

        Cantelli's inequality bounds how far probabilities must be summed; where that is beyond 16,384
        units, Wilson and Hilferty's cube root of a gamma serves. Raises ValueError for a level outside
        (0, 1) or a mean beyond what anybody sells.
        """
        probabilities = checked_levels(levels)
        mean, dispersion = self.mean.ravel(), self.dispersion.ravel()
        units = np.zeros((mean.size, probabilities.size))
        if units.size:
            if mean.max() > _HIGHEST_MEAN:
                message = f"a mean of {mean.max():g} units a period is nobody's; check the quantities sold"
                raise ValueError(message)
            highest = float(probabilities.max())
            reach = mean + np.sqrt(mean * dispersion * highest / (1.0 - highest)) + 2
            widths = 2 ** np.ceil(np.log2(reach)).astype(np.int64)
            for width in np.unique(widths):
                _fill(units, np.flatnonzero(widths == width), mean, dispersion, int(width), probabilities)
        return units.reshape(*self.mean.shape, probabilities.size)

    def scaled(self, factor: float | NDArray[np.float64]) -> NegativeBinomial:
        """Multiply the underlying rate by a factor, or each period's by its own, e.g. the time on hand.

        The gamma behind the negative binomial keeps its shape, so thinning by exposure is exact.
        """
        return NegativeBinomial(self.mean * factor, 1.0 + (self.dispersion - 1.0) * factor)

    def widened(self, factor: float | NDArray[np.float64]) -> NegativeBinomial:
        """Multiply the variance by a factor, down to Poisson's at least; the mean stays."""
        return NegativeBinomial(self.mean, np.clip(self.dispersion * factor, 1.0, None))

    def __getitem__(self, place: Place) -> NegativeBinomial:
        """Take some series or periods."""
        return NegativeBinomial(self.mean[place], self.dispersion[place])


def quantiles_of(predictives: Sequence[Predictive], levels: Sequence[float] = LEVELS) -> list[NDArray[np.float64]]:
    """Give the quantiles of each of several forecasts, ``[periods, levels]`` each; counts are tabulated together.

    Raises ValueError as the forecasts' own ``quantiles`` do.
    """
    found: dict[int, NDArray[np.float64]] = {}
    counts = {place: each for place, each in enumerate(predictives) if isinstance(each, NegativeBinomial)}
    if counts:
        together = NegativeBinomial(
            np.concatenate([each.mean for each in counts.values()]),
            np.concatenate([each.dispersion for each in counts.values()]),
        )
        ends = np.cumsum([each.mean.shape[0] for each in counts.values()])[:-1]
        found = dict(zip(counts, np.split(together.quantiles(levels), ends), strict=True))
    return [found[place] if place in found else each.quantiles(levels) for place, each in enumerate(predictives)]


def checked_levels(levels: Sequence[float]) -> NDArray[np.float64]:
    """Give quantile levels as an array; raises ValueError for one that is not strictly between 0 and 1."""
    probabilities = np.asarray(levels, dtype=np.float64)
    if not ((probabilities > 0) & (probabilities < 1)).all():
        message = f"quantile levels lie strictly between 0 and 1, not {tuple(levels)}"
        raise ValueError(message)
    return probabilities


def around(
    mean: NDArray[np.float64], demand: NDArray[np.float64], fitted: NDArray[np.float64], began: NDArray[np.int64]
) -> NegativeBinomial:
    """Put count distributions around the means of a method that only knows real numbers.

    ``mean``: ``[series, horizon]``; ``demand`` and ``fitted``: units in sample and what the method would
    have said one step before, ``[series, periods]``, meaningful from ``began``. Dispersion is the squared
    error over the demand, at least 1. Means are kept between 5 % of average demand, since no finite history
    proves that nobody will come, and twice the highest period.
    """
    lasting = np.arange(demand.shape[1]) >= began[:, None]
    periods = np.maximum(lasting.sum(axis=1), 1)
    average = np.where(lasting, demand, 0.0).sum(axis=1) / periods
    squared_error = np.where(lasting, (demand - fitted) ** 2, 0.0).sum(axis=1) / periods
    ratio = np.divide(squared_error, average, out=np.ones_like(average), where=average > 0)
    dispersion = np.clip(ratio, 1.0, _MAX_DISPERSION)
    highest = np.where(lasting, demand, 0.0).max(axis=1, initial=0.0)
    bounded = np.clip(mean, _FLOOR_SHARE * average[:, None], 2.0 * highest[:, None] + 1.0)
    return NegativeBinomial(bounded, np.repeat(dispersion[:, None], mean.shape[1], axis=1))


def _fill(
    units: NDArray[np.float64],
    rows: NDArray[np.int64],
    mean: NDArray[np.float64],
    dispersion: NDArray[np.float64],
    width: int,
    probabilities: NDArray[np.float64],
) -> None:
    """Write the quantiles of some rows, all of which end below ``width`` units."""
    if width > _WIDEST_TABLE:
        units[rows] = _cube_root(mean[rows], dispersion[rows], probabilities)
        return
    for part in np.array_split(rows, max(1, rows.size * width // _LARGEST_TABLE)):
        cumulative = _cumulative(mean[part, None], dispersion[part, None] - 1.0, width)
        for place, probability in enumerate(probabilities):
            units[part, place] = (cumulative < probability - _ROUNDING).sum(axis=1)


def _cumulative(mean: NDArray[np.float64], excess: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Tabulate P(demand <= k) for k in 0..width, shape ``[rows, width + 1]``.

    Sums the probabilities in logarithms, P(k) / P(k-1) = (mean + (k-1) excess) / (k (1 + excess)).
    """
    count = np.arange(1, width + 1)
    with np.errstate(divide="ignore"):
        steps = np.log((mean + (count - 1) * excess) / (count * (1.0 + excess)))
    divisor = np.where(excess > _POISSON_BELOW, excess, 1.0)
    none = -mean * np.where(excess > _POISSON_BELOW, np.log1p(excess) / divisor, 1.0)
    logarithms = np.concatenate([none, none + steps.cumsum(axis=1)], axis=1)
    cumulative: NDArray[np.float64] = np.exp(logarithms).cumsum(axis=1)
    return cumulative


def _cube_root(
    mean: NDArray[np.float64], dispersion: NDArray[np.float64], probabilities: NDArray[np.float64]
) -> NDArray[np.float64]:
    normal = np.array([NormalDist().inv_cdf(each) for each in probabilities.tolist()])
    shape = (mean / dispersion)[:, None]
    root = 1.0 - 1.0 / (9.0 * shape) + normal / (3.0 * np.sqrt(shape))
    units: NDArray[np.float64] = np.ceil(mean[:, None] * np.maximum(root, 0.0) ** 3 - 0.5)
    return units
