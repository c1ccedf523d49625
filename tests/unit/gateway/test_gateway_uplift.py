"""What showing advice brings: measured only where advice was held out at random, and then as surely as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.uplift import FEWEST, Arm, statement, uplift

DAYS = 60
SIDES = st.tuples(st.integers(2, 400), st.floats(-5_000, 5_000), st.floats(0, 1e7))


def shown(n: int, mean: float, variance: float = 1e6, stratum: str = "north") -> Arm:
    return Arm(stratum, held_out=False, n=n, mean=mean, variance=variance)


def held(n: int, mean: float, variance: float = 1e6, stratum: str = "north") -> Arm:
    return Arm(stratum, held_out=True, n=n, mean=mean, variance=variance)


def arms_of(values: np.ndarray, held_out: np.ndarray, stratum: str = "north") -> list[Arm]:
    """Sum both sides up, as the database does."""
    return [
        Arm(stratum, side, int(part.size), float(part.mean()), float(part.var(ddof=1)) if part.size > 1 else 0.0)
        for side in (False, True)
        if (part := values[held_out == side]).size
    ]


def test_too_few_of_either_side_say_nothing() -> None:
    few = [shown(1_000, 500.0), held(FEWEST - 1, 0.0)]
    told = uplift(few, DAYS)
    assert (told.difference, told.low, told.high) == (None, None, None)
    assert statement(told, told).startswith(f"Observational: within 60 days {FEWEST - 1} subjects (vehicle)")


def test_without_a_hold_out_nothing_is_measured() -> None:
    assert uplift([shown(5_000, 500.0)], DAYS).difference is None
    assert uplift([], DAYS).shown == 0


def test_one_stratum_by_hand() -> None:
    """Welch: difference 300, standard error sqrt(1e6/100 + 4e6/50) = 300, 63.7 degrees of freedom, t 1.998."""
    told = uplift([shown(100, 500.0), held(50, 200.0, 4e6)], DAYS)
    assert (told.shown, told.held_out, told.difference) == (100, 50, 300.0)
    assert told.low == pytest.approx(300 - 1.998 * 300, abs=1)
    assert told.high == pytest.approx(300 + 1.998 * 300, abs=1)
    assert "Measured" in statement(told, told)


def test_a_rooftop_that_holds_out_more_does_not_look_like_an_effect() -> None:
    """Simpson: the poorer store holds out half and the richer a tenth, and showing brings nothing at either."""
    rng, found = np.random.default_rng(1), []
    for _ in range(200):
        arms = []
        for stratum, mean, share in (("rich", 2_000.0, 0.1), ("poor", -2_000.0, 0.5)):
            kept_back = rng.random(400) < share
            arms += arms_of(rng.normal(mean, 500.0, 400), kept_back, stratum)
        found.append(uplift(arms, DAYS))
    differences = [each.difference for each in found if each.difference is not None]
    assert abs(np.mean(differences)) < 15  # raw means of the two sides are 1,300 apart
    covered = [each.low <= 0 <= each.high for each in found if each.low is not None and each.high is not None]
    assert np.mean(covered) > 0.9


@given(st.dictionaries(st.integers(0, 5), st.tuples(SIDES, SIDES), min_size=1), st.floats(-1e4, 1e4))
def test_it_moves_with_what_is_shown_and_not_with_what_both_have(strata, shift) -> None:
    arms = [
        kind(*side, str(name))
        for name, sides in strata.items()
        for kind, side in zip((shown, held), sides, strict=True)
    ]
    told = uplift(arms, DAYS)
    both = uplift([replace(arm, mean=arm.mean + shift) for arm in arms], DAYS)
    advised = uplift([arm if arm.held_out else replace(arm, mean=arm.mean + shift) for arm in arms], DAYS)
    if told.difference is None or told.low is None or told.high is None:
        assert min(told.shown, told.held_out) < FEWEST
        return
    assert told.low <= told.difference <= told.high
    assert both.difference == pytest.approx(told.difference, abs=0.05)
    assert advised.difference == pytest.approx(told.difference + shift, abs=0.05)
    assert uplift(arms[::-1], DAYS) == told or uplift(arms[::-1], DAYS).difference == pytest.approx(told.difference)


@pytest.mark.parametrize(("effect", "share", "size"), [(0.0, 0.5, 60), (400.0, 0.2, 150), (-250.0, 0.1, 400)])
def test_the_interval_covers_the_true_effect_as_often_as_it_says(effect: float, share: float, size: int) -> None:
    """Skewed nets, as of cars: most sell with a gain, few stand for long and lose much; an effect that varies."""
    rng, covered, runs = np.random.default_rng(17), 0, 1_500
    for _ in range(runs):
        arms = []
        for stratum, base in (("north", 800.0), ("south", -300.0)):
            bare = base + 1_500.0 - rng.gamma(1.2, 1_200.0, size)
            kept_back = rng.random(size) < share
            varied = effect * rng.gamma(2.0, 0.5, size)
            arms += arms_of(np.where(kept_back, bare, bare + varied), kept_back, stratum)
        told = uplift(arms, DAYS)
        if told.low is not None and told.high is not None:
            covered += told.low <= effect <= told.high
        else:
            runs -= 1
    assert runs > 1_000
    assert 0.92 <= covered / runs <= 0.97
