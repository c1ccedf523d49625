"""What a page of advice shows of the sales that were expected of it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.feedback.judgement import Page, Row, judge

EXAMPLE = Path(__file__).parents[3] / "shared/events/examples/recommendation-issued/v1/cut-price.json"


def expected_so_far(**changes: object) -> float:
    document = {**json.loads(EXAMPLE.read_text()), **changes}
    issued = datetime.fromisoformat(document["occurred_at"])
    row = Row(
        recommendation_id=UUID(document["recommendation_id"]), status="issued", issued_at=issued, closed_at=None,
        is_first=True, opens=True, row_version="7", document=json.dumps(document), answer=None, version=0, outcome=None,
    )  # fmt: skip
    page = Page(
        now=issued + timedelta(days=5), parameters={}, rows=(row,), states={}, arrivals=(), claimed={}, stays={}
    )
    return judge(page).open_exposure


def test_open_advice_expects_sales_of_the_scale_only_where_its_chances_have_one() -> None:
    daily = json.loads(EXAMPLE.read_text())["baseline_daily_hazard"]
    assert expected_so_far() == pytest.approx(5 * daily)
    assert expected_so_far(hazard_scaled=False) == 0
