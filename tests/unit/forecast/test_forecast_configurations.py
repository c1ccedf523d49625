"""A segment's demand is shared out over what was stocked and sold, and nothing is lost on the way."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.forecast.domain.configuration import OTHER, Configuration, configuration_of
from services.forecast.domain.configurations import body_groups, shares
from services.forecast.domain.history import Stay

AS_OF = date(2026, 1, 7)
SEGMENT = "used/ford/f150"


def stay(days_ago: int, trim: str | None, *, sold: bool = True, body: str | None = "Pickup") -> Stay:
    left = AS_OF - timedelta(days=days_ago)
    known = Configuration(trim=trim, body=body) if trim else None
    return Stay(SEGMENT, left - timedelta(days=30), left if sold else None, sold, known)


def used(model_year: int | None, trim: str | None, *others: str | None) -> Configuration:
    return configuration_of(False, model_year, trim, *others)  # noqa: FBT003


def test_shares_follow_recent_sales_and_sum_to_one() -> None:
    stays = [*(stay(10 * k, "XLT") for k in range(8)), *(stay(10 * k, "Lariat") for k in range(2))]
    (first, most, sold), (second, least, few) = shares(stays, AS_OF)
    assert (first.trim, second.trim, sold, few) == ("XLT", "Lariat", 8, 2)
    assert most + least == pytest.approx(1)
    assert 0.7 < most < 0.9


def test_a_configuration_in_stock_but_never_sold_keeps_a_part() -> None:
    parts = {each.trim: share for each, share, _ in shares([stay(5, "XLT"), stay(0, "Raptor", sold=False)], AS_OF)}
    assert 0.2 < parts["Raptor"] < parts["XLT"]


def test_old_sales_weigh_less_and_spellings_are_one() -> None:
    stays = [*(stay(700, "XLT") for _ in range(5)), *(stay(5, "lariat") for _ in range(2)), stay(6, "Lariat")]
    parts = shares(stays, AS_OF)
    assert [each.trim for each, _, _ in parts] == ["lariat", "XLT"]
    assert parts[0][1] > 0.8


def test_what_is_unknown_or_too_rare_is_one() -> None:
    assert shares([stay(5, None)], AS_OF) == [(OTHER, 1.0, 1)]
    assert shares([], AS_OF) == []
    many = shares([stay(5, f"T{row}") for row in range(60)], AS_OF)
    assert len(many) == 41
    assert many[-1][0] == OTHER
    assert many[-1][2] == 20
    assert sum(share for _, share, _ in many) == pytest.approx(1)


def test_used_years_come_in_bands_of_three_and_new_ones_alone() -> None:
    assert used(2020, " XLT  Premium ", None, "", "gas").years == (2019, 2021)
    assert configuration_of(
        new=True, model_year=2026, trim=None, body=None, drivetrain=None, fuel=None
    ) == Configuration(years=(2026, 2026))
    assert used(2020, " XLT  Premium ", None, "", "gas").trim == "XLT Premium"
    assert used(None, None, None, None, None) == OTHER


def test_segments_are_grouped_by_condition_and_usual_body() -> None:
    stays = [stay(1, "a"), stay(2, "b"), stay(3, "c", body="Chassis/Cab"), stay(4, None)]
    assert body_groups(stays) == {SEGMENT: "used/pickup"}
    assert body_groups([stay(1, None)]) == {SEGMENT: "used"}
