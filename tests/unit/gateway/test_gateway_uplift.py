"""Shown against held-out advice: an indication, and silence while there is too little of either."""

from services.gateway.domain.uplift import FEWEST, uplift


def outcome(value: float | None, *, held_out: bool = False, kind: str = "sold") -> dict[str, object]:
    return {"kind": kind, "held_out": held_out, "realised_value": None if value is None else str(value)}


def test_too_few_of_either_side_say_nothing() -> None:
    told = uplift([outcome(500.0)] * 100 + [outcome(0.0, held_out=True)] * (FEWEST - 1))
    assert told.difference is None
    assert f"{FEWEST - 1} pieces of held-out advice" in told.statement


def test_the_difference_of_means_is_told_as_no_proof() -> None:
    shown = [outcome(value) for value in (300.0, 500.0)] * 50
    held = [outcome(value, held_out=True) for value in (-100.0, 100.0)] * 50
    told = uplift(shown + held)
    assert (told.shown, told.held_out, told.difference) == (100, 100, 400.0)
    assert "no proof of cause" in told.statement


def test_what_is_reversed_or_not_yet_judged_does_not_count() -> None:
    rows = [outcome(1.0)] * FEWEST + [outcome(0.0, held_out=True)] * FEWEST
    noise = [outcome(9_999.0, kind="reversed"), outcome(None), outcome(None, held_out=True)]
    assert uplift(rows + noise).difference == 1.0
