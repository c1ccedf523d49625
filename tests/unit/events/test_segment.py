"""Segments: the key that compares demand, market and stock, however a feed spells it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import condition_group, segment_key, segment_label


@pytest.mark.parametrize(
    ("condition", "group"),
    [("new", "new"), ("used", "used"), ("certified", "used"), ("demo", "used"), (None, "used")],
)
def test_only_new_is_stocked_by_the_rules_for_new(condition: str | None, group: str) -> None:
    assert condition_group(condition) == group


@pytest.mark.parametrize(
    ("make", "model"),
    [("Ford", "F-150"), ("FORD", "f150"), ("ford", "F 150"), (" Ford ", "F.150"), ("Ford", "F–150")],
)
def test_spelling_case_and_hyphens_do_not_matter(make: str, model: str) -> None:
    assert segment_key("used", make, model) == "used/ford/f150"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("new", "Ford", "F-150"), ("used", "Ford", "F-150")),
        (("used", "Ford", "F-150"), ("used", "Ford", "F-250")),
        (("used", "Mazda", "3"), ("used", "Mazda", "6")),
        (("used", "BMW", "M3"), ("used", "BMW", "X3")),
    ],
)
def test_different_cars_have_different_segments(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert segment_key(*one) != segment_key(*other)


@pytest.mark.parametrize(
    ("make", "model", "key"), [("", "F-150", "used/unknown/f150"), ("Ford", "—", "used/ford/unknown")]
)
def test_what_cannot_be_read_is_unknown_rather_than_nothing(make: str, model: str, key: str) -> None:
    assert segment_key("used", make, model) == key


def test_a_label_keeps_the_spelling_that_people_know() -> None:
    assert segment_label("certified", "Ford", "F-150") == "used Ford F-150"
    assert segment_label("new", "Honda", "CR-V") == "new Honda CR-V"


@given(condition=st.sampled_from(["new", "used", "certified", "demo", None]), make=st.text(), model=st.text())
def test_any_key_has_three_plain_parts(condition: str | None, make: str, model: str) -> None:
    assert re.fullmatch(r"(new|used)/[a-z0-9]+/[a-z0-9]+", segment_key(condition, make, model))


@given(make=st.text(), model=st.text())
def test_a_key_made_of_a_key_is_the_same(make: str, model: str) -> None:
    key = segment_key("used", make, model)
    _, make_part, model_part = key.split("/")
    assert segment_key("used", make_part, model_part) == key
