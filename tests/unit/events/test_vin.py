"""VINs: what is refused, what the check digit catches, what can be read from one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.events.vin import InvalidVinError, Vin, VinStr, decode

AS_OF = 2026
ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


@pytest.mark.parametrize("vin", ["1M8GDM9AXKP042788", "11111111111111111", "5YJ3E1EA7KF321382"])
def test_published_vectors_carry_a_valid_check_digit(vin: str) -> None:
    assert Vin(vin).check_digit_valid


def test_case_and_surrounding_space_do_not_matter() -> None:
    assert Vin(" 1m8gdm9axkp042788\n") == "1M8GDM9AXKP042788"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("1M8GDM9AXKP04278", "16 characters instead of 17"),
        ("1M8GDM9AXKP0427888", "18 characters"),
        ("1M8GDM9AXKPO42788", "'O'.*never used"),
        ("1M8GDM9AXKP04278?", r"'\?', which no VIN has$"),
        ("1M8GDM9AXKP04278é", "no VIN has"),
        ("1M8GDM9AXKP04278٣", "no VIN has"),
    ],
)
def test_a_malformed_vin_is_refused_with_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(InvalidVinError, match=complaint):
        Vin(text)


@given(
    place=st.integers(0, 16).filter(lambda place: place != 8),
    other=st.sampled_from("123456789"),
    vin=st.sampled_from(["1M8GDM9AXKP042788", "5YJ3E1EA7KF321382", "11111111111111111"]),
)
def test_a_single_mistyped_digit_is_always_caught(place: int, other: str, vin: str) -> None:
    if not vin[place].isdigit() or vin[place] == other:
        return
    assert not Vin(vin[:place] + other + vin[place + 1 :]).check_digit_valid


@given(st.text(ALPHABET, min_size=17, max_size=17))
def test_the_expected_check_digit_makes_any_vin_valid(text: str) -> None:
    vin = Vin(text)
    assert Vin(vin[:8] + vin.expected_check_digit + vin[9:]).check_digit_valid


@given(st.text(max_size=25))
def test_any_text_is_a_vin_or_refused(text: str) -> None:
    try:
        vin = Vin(text)
    except InvalidVinError:
        return
    assert len(vin) == 17
    assert decode(vin, AS_OF).region


@pytest.mark.parametrize(
    ("vin", "make", "country", "year"),
    [
        ("5YJ3E1EA7KF321382", "Tesla", "United States", 2019),
        ("LRW3E7FAXRC093951", "Tesla", "China", 2024),
        ("WA1GCCFS9JR009139", "Audi", "Germany", 2018),
        ("1M8GDM9AXKP042788", None, "United States", 1989),
    ],
)
def test_maker_country_and_year_are_read(vin: str, make: str | None, country: str, year: int) -> None:
    facts = decode(Vin(vin), AS_OF)
    assert (facts.make, facts.country) == (make, country)
    assert facts.serial == vin[11:]
    assert facts.model_year == year


def test_a_code_of_several_brands_names_the_manufacturer_only() -> None:
    facts = decode(Vin("1C4HJXEN5MW500000"), AS_OF)
    assert (facts.make, facts.manufacturer) == (None, "Stellantis")


def _completed(vin: str) -> Vin:
    return Vin(vin[:8] + Vin(vin).expected_check_digit + vin[9:])


@pytest.mark.parametrize(("seventh", "year"), [("9", 1988), ("A", 2018)])
def test_position_seven_tells_the_thirty_year_cycles_apart(seventh: str, year: int) -> None:
    assert decode(_completed(f"1M8GDM{seventh}A0JP042788"), AS_OF).model_year == year


def test_a_model_year_far_ahead_belongs_to_the_cycle_before() -> None:
    assert decode(_completed("1M8GDMAA09P042788"), AS_OF).model_year == 2009


def test_no_year_is_read_where_the_check_digit_shows_another_standard() -> None:
    vin = Vin("WVWZZZ1KZAW000001")
    assert not vin.check_digit_valid
    assert decode(vin, AS_OF).model_year is None
    assert decode(vin, AS_OF).make == "Volkswagen"


@pytest.mark.parametrize(
    ("vin", "north_american"),
    [("1M8GDM9AXKP042788", True), ("3VWDP7AJ5DM405512", True), ("7SAYGDEE7NF386644", True),
     ("7AT0H65MX00000000", False), ("WA1GCCFS9JR009139", False)],
)  # fmt: skip
def test_north_america_is_told_by_the_first_characters(vin: str, north_american: bool) -> None:
    assert Vin(vin).north_american is north_american


class Vehicle(BaseModel):
    vin: Vin
    text: VinStr


def test_both_types_serve_as_model_fields() -> None:
    vehicle = Vehicle.model_validate({"vin": "1m8gdm9axkp042788", "text": "1m8gdm9axkp042788"})
    assert isinstance(vehicle.vin, Vin)
    assert type(vehicle.text) is str
    assert vehicle.model_dump_json() == '{"vin":"1M8GDM9AXKP042788","text":"1M8GDM9AXKP042788"}'
    assert Vehicle.model_validate_json(vehicle.model_dump_json()) == vehicle
    assert Vehicle.model_json_schema()["properties"]["vin"]["type"] == "string"


def test_a_model_refuses_a_malformed_vin() -> None:
    with pytest.raises(ValidationError, match="instead of 17"):
        Vehicle.model_validate({"vin": "123", "text": "1M8GDM9AXKP042788"})
