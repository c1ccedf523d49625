"""Every adapter there is, by its committed example: the events it makes are the ones committed beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from adapter_deliveries import DEALERS, EXAMPLES, NOW, TENANT, example, read

import services.gateway.adapters
from services.gateway.adapters import ADAPTERS
from services.gateway.api.principal import Principal
from services.gateway.ingest import accept, parse

ENGINE = {"layout", "__init__", "delivery", "paths", "reading", "table", "transforms"}
GROUP = Principal(TENANT, "source:src1", "dms", None)


@pytest.mark.parametrize("name", ADAPTERS)
def test_example_becomes_the_expected_events(name: str) -> None:
    mapped = read(name, example(name))
    assert [one.errors for one in mapped] == [()] * len(mapped)
    assert [one.event for one in mapped] == example(name, "events.json")


@pytest.mark.parametrize("name", ADAPTERS)
def test_expected_events_are_accepted(name: str) -> None:
    for event in example(name, "events.json"):
        taken = accept(parse(event), GROUP, DEALERS, NOW)
        for field, value in event["data"].items():
            assert str(getattr(taken, field)) == str(value)


def test_every_file_of_an_adapter_is_registered_has_examples_and_says_its_source() -> None:
    folder = Path(services.gateway.adapters.__file__).parent
    files = {path.stem: path for path in folder.glob("*.py") if path.stem not in ENGINE}
    assert set(files) == set(ADAPTERS)
    expected = {f"{name}.{part}" for name in ADAPTERS for part in ("json", "events.json")}
    assert {path.name for path in EXAMPLES.iterdir()} == expected
    for name, path in files.items():
        assert "Source: " in path.read_text(encoding="utf-8").split('"""')[1], name
