"""The golden schemas: any change of an event shows, and a breaking one is called that."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model
from typer import Exit

from doso.contracts import files
from doso.contracts.__main__ import contracts
from doso.contracts.compatibility import breaking_changes
from shared.events import TOPICS, Topic

REGENERATE = "run: python -m doso.contracts --write"


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_an_events_schema_is_the_golden_one(topic: Topic[Any]) -> None:
    path = files.golden_path(topic)
    changes = files.difference(path, files.wanted()[path])
    assert not changes, f"{changes}\n\nThe event changed. If it should, {REGENERATE}"


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_no_event_changed_in_a_way_that_breaks_others(topic: Topic[Any]) -> None:
    golden = json.loads(files.committed(files.golden_path(topic)))
    broken = breaking_changes(golden, topic.model.model_json_schema())
    assert not broken, f"breaking: {broken}. Add a model with the next schema_version instead."


class Part(BaseModel):
    name: str
    note: str | None = None


class Sample(BaseModel):
    title: str
    kind: Literal["sold", "departed"]
    days: int
    comment: str | None = Field(default=None, max_length=80)
    parts: tuple[Part, ...] = ()
    scores: dict[str, float] = {}


def changed(part: type[BaseModel] = Part, *, without: str | None = None, **fields: Any) -> list[str]:
    """Name what breaks when the sample model gets these fields, or a part of another shape, or lacks one."""
    kept = {name: (field.annotation, field) for name, field in Sample.model_fields.items() if name != without}
    after = create_model("Sample", **{**kept, "parts": (tuple[part, ...], ()), **fields})  # type: ignore[valid-type]
    return breaking_changes(Sample.model_json_schema(), after.model_json_schema())


class RicherPart(Part):
    colour: str | None = None


class DemandingPart(Part):
    weight: float


class PoorerPart(BaseModel):
    name: str


def test_a_new_optional_field_breaks_nothing() -> None:
    assert changed() == []
    assert changed(channel=(str | None, None)) == []
    assert changed(days=(int, Field(title="Days", description="How long."))) == []
    assert changed(RicherPart) == []


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (changed(without="title"), "body.title: removed field"),
        (changed(without="comment"), "body.comment: removed field"),
        (changed(PoorerPart), "body.parts[].note: removed field"),
        (changed(store=(str, ...)), "body.store: new required field"),
        (changed(comment=(str | None, Field(max_length=80))), "body.comment: new required field"),
        (changed(DemandingPart), "body.parts[].weight: new required field"),
        (changed(days=(int, 0)), "body.days: no longer required"),
        (changed(days=(str, ...)), 'body.days: changed type, "integer" became "string"'),
        (changed(days=(int | None, ...)), "body.days: changed type"),
        (
            changed(comment=(str | None, Field(default=None, max_length=40))),
            "body.comment: changed type, 80 became 40",
        ),
        (changed(kind=(Literal["sold", "lost"], ...)), 'body.kind: changed type, "departed" became "lost"'),
        (changed(kind=(Literal["sold", "departed", "lost"], ...)), "body.kind: changed type"),
        (changed(scores=(dict[str, int], {})), 'body.scores: changed type, "number" became "integer"'),
    ],
)
def test_a_breaking_change_is_named_with_its_field(broken: list[str], named: str) -> None:
    assert len(broken) == 1
    assert broken[0].startswith(named)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that holds the contract files as the code has them."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    contracts(write=True)
    return tmp_path


def test_the_check_passes_where_nothing_differs(checkout: Path) -> None:
    contracts(write=False)
    assert sorted(path.relative_to(checkout) for path in checkout.rglob("*.json")) == sorted(files.wanted())


def test_the_check_shows_the_difference_and_how_to_regenerate(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = checkout / files.ASYNCAPI / "market.json"
    path.write_text(path.read_text().replace('"title": "DOSO market"', '"title": "DOSO bazaar"'))
    with pytest.raises(Exit) as ended:
        contracts(write=False)
    shown = capsys.readouterr()
    assert ended.value.exit_code == 1
    assert '-    "title": "DOSO bazaar",' in shown.out
    assert '+    "title": "DOSO market",' in shown.out
    assert "python -m doso.contracts --write" in shown.err
    contracts(write=True)
    contracts(write=False)


def test_a_breaking_change_is_not_written_over(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = checkout / files.GOLDEN / "policy-updated.v1.json"
    before = json.loads(path.read_text())
    before["properties"]["author"] = {"type": "string"}
    path.write_text(json.dumps(before))
    with pytest.raises(Exit):
        contracts(write=True)
    assert "policy-updated.v1: body.author: removed field" in capsys.readouterr().err
    assert json.loads(path.read_text()) == before


def test_a_file_of_no_topic_is_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / files.GOLDEN / "stock-counted.v1.json").write_text("{}")
    with pytest.raises(Exit):
        contracts(write=False)
    assert "stock-counted.v1.json" in capsys.readouterr().err
