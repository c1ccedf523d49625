"""Money in events: exact to the cent, a string on the wire."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from doso.contracts.messages import examples
from shared.events import RecommendationAnswered
from shared.events.topics import OUTCOME_RECORDED, RECOMMENDATION_ANSWERED

OUTCOME: dict[str, Any] = next(iter(examples(OUTCOME_RECORDED).values()))
ANSWER: dict[str, Any] = next(iter(examples(RECOMMENDATION_ANSWERED).values()))


@given(st.decimals(min_value=-999_999_999_999, max_value=999_999_999_999, places=2))
def test_an_amount_arrives_to_the_cent_as_the_text_it_was(amount: Decimal) -> None:
    event = OUTCOME_RECORDED.model.model_validate({**OUTCOME, "realised_value": amount})
    document = json.loads(event.model_dump_json(exclude_none=True))
    assert document["realised_value"] == f"{amount}"
    assert OUTCOME_RECORDED.model.model_validate(document).realised_value == amount


@pytest.mark.parametrize("amount", ["12.345", "1234567890123.00", "NaN", "Infinity", "twelve", "1,200.00"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValidationError, match="realised_value"):
        OUTCOME_RECORDED.model.model_validate({**OUTCOME, "realised_value": amount})


def test_a_dealer_cannot_answer_with_a_negative_price() -> None:
    with pytest.raises(ValidationError, match="price"):
        RecommendationAnswered.model_validate({**ANSWER, "price": "-1.00"})
