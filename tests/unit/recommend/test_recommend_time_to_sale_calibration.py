"""The correction of daily chances by what held-out units did."""

from __future__ import annotations

from datetime import date

import numpy as np

from services.recommend.domain.time_to_sale import calibrate
from services.recommend.domain.time_to_sale import calibration as rules

AS_OF = date(2026, 3, 2)


def strips(count: int, seed: int, law):
    """Draw strips of a week whose log intensity is really ``law`` of the predicted one."""
    rng = np.random.default_rng(seed)
    predicted = rng.uniform(-5.5, -1.5, count)
    intensity = np.exp(law(predicted))
    day = np.ceil(rng.exponential(1 / intensity))
    return predicted, np.minimum(day, 7.0), day <= 7


def test_few_sales_correct_nothing():
    predicted, days, sold = strips(200, 1, lambda x: x - 1)
    assert sold.sum() < rules.PLATT_SALES
    found = calibrate(predicted, days, sold)
    np.testing.assert_array_equal(found(predicted), predicted)


def test_some_hundred_sales_find_a_level_and_a_stretch():
    predicted, days, sold = strips(6_000, 2, lambda x: 0.6 * x - 0.9)
    found = calibrate(predicted, days, sold)
    at = np.array([-5.0, -3.5, -2.0])
    np.testing.assert_allclose(found(at), 0.6 * at - 0.9, atol=0.2)


def test_good_predictions_are_left_as_they_are():
    predicted, days, sold = strips(6_000, 3, lambda x: x)
    at = np.array([-5.0, -3.5, -2.0])
    np.testing.assert_allclose(calibrate(predicted, days, sold)(at), at, atol=0.15)
