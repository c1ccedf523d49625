"""The most likely coefficients of a daily hazard under a Gaussian prior, by Newton's method.

With intensity v = exp(x . b) a day, a strip of e days that ended unsold has the log likelihood -e v, and one
whose last day was a sale -(e - 1) v + log(1 - exp(-v)): the complementary log-log model of grouped survival data
(Prentice and Gloeckler, Biometrics 34, 1978). It is concave, and with the prior strictly so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MOST_STEPS: Final = 60
_TOLERANCE: Final = 1e-8
_LOG_LIMIT: Final = 5.0
"""An intensity of e^5 a day is a sale on the first day whatever else; it keeps early steps finite."""


class NotConverged(RuntimeError):
    """Newton's method did not reach the maximum; the message says how far it got."""


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """The most likely ``coefficients`` (p,) and the ``precision`` (p, p) of the normal around them (Laplace)."""

    coefficients: Floats
    precision: Floats


def log_likelihood(log_intensity: Floats, days: Floats, sold: NDArray[np.bool_]) -> float:
    """Give the log likelihood of strips at their log intensities, all of shape (strips,)."""
    intensity = np.exp(np.minimum(log_intensity, _LOG_LIMIT))
    last = np.log(-np.expm1(-intensity[sold]))
    return float(last.sum() - (intensity * (days - sold)).sum())


def maximise(design: Floats, days: Floats, sold: NDArray[np.bool_], mean: Floats, precision: Floats) -> Maximum:
    """Find the maximum of the posterior; ``design`` has shape (strips, p), the prior mean (p,) is the start.

    Raises:
        NotConverged: if no step improves the posterior before the tolerance is reached.
    """
    coefficients = mean.copy()
    value = _posterior(design, days, sold, coefficients, mean, precision)
    for _ in range(_MOST_STEPS):
        gradient, curvature = _slopes(design, days, sold, coefficients)
        gradient -= precision @ (coefficients - mean)
        curvature += precision
        step = np.linalg.solve(curvature, gradient)
        if float(gradient @ step) < _TOLERANCE:
            return Maximum(coefficients, curvature)
        scale = 1.0
        while (better := _posterior(design, days, sold, coefficients + scale * step, mean, precision)) <= value:
            scale /= 2.0
            if scale < 1e-6:  # noqa: PLR2004  # no step that a float can tell from none
                return Maximum(coefficients, curvature)
        coefficients, value = coefficients + scale * step, better
    message = f"no maximum in {_MOST_STEPS} steps over {len(days)} strips with {int(sold.sum())} sales"
    raise NotConverged(message)


def _posterior(
    design: Floats, days: Floats, sold: NDArray[np.bool_], coefficients: Floats, mean: Floats, precision: Floats
) -> float:
    away = coefficients - mean
    return log_likelihood(design @ coefficients, days, sold) - 0.5 * float(away @ precision @ away)


def _slopes(design: Floats, days: Floats, sold: NDArray[np.bool_], coefficients: Floats) -> tuple[Floats, Floats]:
    intensity = np.exp(np.minimum(design @ coefficients, _LOG_LIMIT))
    unsold = intensity * (days - sold)
    odds = np.expm1(intensity)
    last = np.where(sold, intensity / odds, 0.0)
    first = last - unsold
    second = unsold + last * (intensity * (odds + 1.0) / odds - 1.0)
    return design.T @ first, (design * second[:, None]).T @ design
