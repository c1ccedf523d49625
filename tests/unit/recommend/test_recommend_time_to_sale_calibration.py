"""The correction of daily chances by what held-out units did."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from services.recommend.domain.time_to_sale import Calibration, HazardModel, UnitFeatures, calibrate
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
    assert found.kind == "none"
    np.testing.assert_array_equal(found(predicted), predicted)


def test_some_hundred_sales_find_a_level_and_a_stretch():
    predicted, days, sold = strips(6_000, 2, lambda x: 0.6 * x - 0.9)
    found = calibrate(predicted, days, sold)
    assert found.kind == "Platt"
    at = np.array([-5.0, -3.5, -2.0])
    np.testing.assert_allclose(found(at), 0.6 * at - 0.9, atol=0.2)


def test_good_predictions_are_left_as_they_are():
    predicted, days, sold = strips(6_000, 3, lambda x: x)
    at = np.array([-5.0, -3.5, -2.0])
    np.testing.assert_allclose(calibrate(predicted, days, sold)(at), at, atol=0.15)


def test_many_sales_follow_a_bend_and_never_turn_back():
    def law(x):
        return np.where(x < -3.5, -3.8 + 0.2 * (x + 3.5), -3.8 + 1.5 * (x + 3.5))

    predicted, days, sold = strips(60_000, 4, law)
    found = calibrate(predicted, days, sold)
    assert found.kind == "isotonic"
    at = np.linspace(-5.2, -1.8, 30)
    np.testing.assert_allclose(found(at), law(at), atol=0.25)
    assert (np.diff(found(np.linspace(-8, 1, 500))) > 0).all()


def test_an_isotonic_model_gives_curves_but_no_factors():
    bent = Calibration("isotonic", at=np.array([-5.0, -3.0, -1.0]), to=np.array([-5.5, -3.0, -2.0]))
    prior = HazardModel.of_prior()
    model = HazardModel(prior.coefficients, prior.precision, bent)
    features, prices = UnitFeatures.of(AS_OF, [20_000.0], [10.0]), np.array([[19_000.0, 21_000.0]])
    curve = model.survival(features, prices, 30, delay=np.array([2.0]))
    assert curve.shape == (1, 2, 31)
    assert (curve[:, :, :3] == 1).all()
    assert (np.diff(curve) <= 0).all()
    assert (curve[0, 0, 3:] < curve[0, 1, 3:]).all()
    with pytest.raises(ValueError, match="use survival"):
        model.rate(features, prices)


def test_an_isotonic_line_through_its_own_points_changes_no_curve():
    prior = HazardModel.of_prior()
    same = HazardModel(
        prior.coefficients,
        prior.precision,
        Calibration("isotonic", at=np.array([-6.0, 0.0]), to=np.array([-6.0, 0.0])),
    )
    features, prices = UnitFeatures.of(AS_OF, [20_000.0], [10.0]), np.array([[19_000.0, 21_000.0]])
    np.testing.assert_allclose(same.survival(features, prices, 30), prior.survival(features, prices, 30))
