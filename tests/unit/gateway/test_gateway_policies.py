"""Rules as they are set: what is refused and why, and how a rooftop's lie over its tenant's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from services.gateway.api import policies
from services.gateway.api.policies import RulesIn, merged
from services.gateway.api.principal import Principal
from services.gateway.api.problems import ProblemError
from services.gateway.store.policies import TENANT_DEFAULT, RulesVersion
from shared.events import PolicyUpdated, topic_of

NORTH, SOUTH = str(uuid4()), str(uuid4())


def refused(**rules: Any) -> str:
    with pytest.raises(ValidationError) as failure:
        RulesIn.model_validate(rules)
    return " ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in failure.value.errors())


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"floorplan_lien": 5}, "unknown: floorplan_lien"),
        ({"brands": [{"brand": "Toyota", "max_unit": 5}]}, "unknown: brands.0.max_unit"),
        ({"lanes": [{"from_dealer_id": NORTH, "to_dealer_id": SOUTH, "price": 1}]}, "unknown: lanes.0.price"),
        ({"floorplan_line": -1}, "floorplan_line: Input should be greater than or equal to 0"),
        ({"hold_out_share": 0.9}, "hold_out_share: Input should be less than or equal to 0.5"),
        ({"age_out": "scrap"}, "age_out: Input should be 'wholesale' or 'reprice'"),
        (
            {"floor_to_market": 1.2, "ceiling_to_market": 1.1},
            "floor_to_market (1.2) is above ceiling_to_market (1.1)",
        ),
        ({"min_days_supply": 60, "max_days_supply": 30}, "min_days_supply (60) is above max_days_supply (30)"),
        ({"brands": [{"brand": "Ford", "pool_units": 5}]}, "pool_units and pool_sales belong together"),
        ({"brands": 5}, "brands: Input should be a valid"),
        ({"brands": [{"brand": " / "}]}, "names no make or model: ' / '"),
        ({"segments": [{"segment": "used/ / "}]}, "names no make or model: 'used/ / '"),
        ({"brands": [{"brand": "Ford"}, {"brand": "FORD"}]}, "named more than once: ford"),
        ({"segments": [{"segment": "camry"}]}, "segments.0.segment"),
        (
            {"segments": [{"segment": "used/toyota/camry", "minimum_presence": 3, "max_units": 2}]},
            "minimum_presence (3) is above max_units (2)",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(rules: dict[str, Any], said: str) -> None:
    assert said in refused(**rules)


def test_makes_and_segments_are_spelled_as_the_stock_spells_them() -> None:
    rules = RulesIn.model_validate(
        {"brands": [{"brand": "Mercedes-Benz"}], "segments": [{"segment": "used/Ford/F-150", "max_units": 4}]}
    )
    assert rules.brands[0].brand == "mercedesbenz"
    assert rules.segments[0].segment == "used/ford/f150"


def test_a_rooftops_rules_lie_over_its_tenants_entry_by_entry() -> None:
    default = {
        "lot_slots": 100, "cooling_days": 5,
        "brands": [{"brand": "ford", "max_units": 10}, {"brand": "toyota", "allocation": 4}],
    }  # fmt: skip
    own = {"lot_slots": 60, "brands": [{"brand": "ford", "max_share": 0.2}]}
    found = merged(default, own)
    assert (found["lot_slots"], found["cooling_days"]) == (60, 5)
    assert found["brands"] == [{"brand": "ford", "max_share": 0.2}, {"brand": "toyota", "allocation": 4}]
    assert merged({}, {}) == {}


@pytest.mark.parametrize(("header", "version"), [('"3"', 3), ("0", 0), ('W/"12"', 12)])
def test_the_version_is_read_from_the_header(header: str, version: int) -> None:
    assert policies._version_of(header) == version


@pytest.mark.parametrize("header", [None, "", "*", '"x"', "-1", "9" * 40])
def test_a_missing_or_odd_version_is_refused(header: str | None) -> None:
    with pytest.raises(ProblemError) as failure:
        policies._version_of(header)
    assert failure.value.errors is not None
    assert failure.value.errors[0].field == "header.if-match"


def test_rules_are_announced_as_rules_and_never_as_learned_parameters() -> None:
    person = Principal(uuid4(), "ann@group", "admin", None)
    version = RulesVersion(TENANT_DEFAULT, 4, {"lot_slots": 60}, person.actor, datetime.now(UTC))
    event = policies._announcement(person, version)
    assert (event.kind, event.parameters, event.policy_version, event.previous_version) == ("rules", {}, 4, 3)
    assert event.dealer_id == UUID(int=0)
    assert event.rules is not None
    assert event.rules.lot_slots == 60
    assert "gateway" in topic_of(event).producers
    assert PolicyUpdated.model_validate_json(event.model_dump_json(exclude_none=True)) == event
