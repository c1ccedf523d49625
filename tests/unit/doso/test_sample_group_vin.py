"""VINs of the sample group."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doso.sample_group import vin
from doso.sample_group.catalogue import CATALOGUE, Model


@pytest.mark.parametrize("number", ["1M8GDM9AXKP042788", "11111111111111111"])
def test_published_vectors_are_valid(number: str) -> None:
    assert vin.is_valid(number)


@pytest.mark.parametrize("number", ["1M8GDM9A1KP042788", "1M8GDM9AXKP04278", "IM8GDM9AXKP042788", ""])
def test_wrong_digit_length_or_letter_is_invalid(number: str) -> None:
    assert not vin.is_valid(number)


def test_check_digit_of_a_malformed_vin_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="without I, O and Q"):
        vin.check_digit("1M8GDM9AXKP04278O")


@pytest.mark.parametrize(
    ("year", "code"), [(2010, "A"), (2020, "L"), (2024, "R"), (2025, "S"), (2026, "T"), (2031, "1")]
)
def test_model_year_codes(year: int, code: str) -> None:
    assert vin.model_year_code(year) == code


@given(
    model=st.sampled_from(CATALOGUE),
    year=st.integers(2010, 2039),
    serial=st.integers(0, 999_999),
    data=st.data(),
)
def test_built_vins_are_well_formed(model: Model, year: int, serial: int, data: st.DataObject) -> None:
    number = vin.build(model, data.draw(st.sampled_from(model.trims)), year, serial)
    assert vin.is_valid(number)
    assert number.startswith(model.wmi)
    assert number[6].isalpha()
    assert number[9] == vin.model_year_code(year)
