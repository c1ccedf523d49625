"""Every event's committed example, and what every event keeps to: all through the bytes that Kafka carries."""

import json
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from doso.contracts.messages import examples
from shared.events import TOPICS, Event, Topic
from shared.events.vin import Vin

EXAMPLES = [
    pytest.param(topic, example, id=f"{topic.name}/{name}")
    for topic in TOPICS.values()
    for name, example in examples(topic).items()
]
each_topic = pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
each_example = pytest.mark.parametrize(("topic", "example"), EXAMPLES)

DOES_NOT_APPLY = {
    "dms-event-received": {"destination_dealer_id", "quantity", "expected_date"},
    "inventory-updated": {"previous_dealer_id", "expected_date", "followed_on"},
    "recommendation-issued": {
        "baseline_back_gross",
        "closed_because",
        "destination_dealer_id",
        "quantity",
        "upfront_cost",
    },
}
"""What a sale of a vehicle in stock, or a price cut that stands, has nothing to say about."""


def read(topic: Topic[Any], document: object) -> Event:
    event: Event = topic.model.model_validate_json(json.dumps(document))
    return event


def written(event: Event) -> str:
    """Write an event as the outbox does."""
    return event.model_dump_json(exclude_none=True)


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Give a model and all that it is made of."""
    yield model
    for field in model.model_fields.values():
        inner = _element(field.annotation)
        if inner is not None:
            yield from models(inner)


def _element(annotation: Any) -> type[BaseModel] | None:
    """Give the model that a tuple is made of; None for any other type."""
    element = get_args(annotation)[0] if get_origin(annotation) is tuple else None
    return element if isinstance(element, type) and issubclass(element, BaseModel) else None


def thinned(data: st.DataObject, model: type[BaseModel], document: dict[str, Any]) -> dict[str, Any]:
    """Leave out any of a document's optional fields, at every depth."""
    kept: dict[str, Any] = {}
    for name, value in document.items():
        field = model.model_fields[name]
        if not field.is_required() and data.draw(st.booleans(), label=f"leave out {name}"):
            continue
        inner = _element(field.annotation)
        kept[name] = value if inner is None else [thinned(data, inner, each) for each in value]
    return kept


def with_invented_fields(document: Any) -> Any:
    """Add a field that no model knows to every object that has an event's or a part's fixed fields."""
    if isinstance(document, list):
        return [with_invented_fields(each) for each in document]
    if not isinstance(document, dict):
        return document
    free = ("scores", "parameters", "previous")  # these map names to figures: there every key counts
    inner = {name: value if name in free else with_invented_fields(value) for name, value in document.items()}
    return {**inner, "invented_by_a_newer_producer": {"deep": [1, None]}}


@each_topic
def test_every_topic_has_an_example(topic: Topic[Any]) -> None:
    assert examples(topic), f"add shared/events/examples/{topic.name}/v1/<name>.json"


@each_example
def test_an_example_is_what_the_outbox_would_write(topic: Topic[Any], example: dict[str, Any]) -> None:
    assert written(read(topic, example)) == json.dumps(example, separators=(",", ":"), ensure_ascii=False)


@each_example
def test_an_example_survives_writing_and_reading(topic: Topic[Any], example: dict[str, Any]) -> None:
    event = read(topic, example)
    again = topic.model.model_validate_json(written(event))
    assert again == event
    assert written(again) == written(event)


@each_topic
def test_the_examples_leave_out_only_what_does_not_apply(topic: Topic[Any]) -> None:
    shown = {name for example in examples(topic).values() for name in example}
    assert set(topic.model.model_fields) - shown == DOES_NOT_APPLY.get(topic.name, set())


@each_example
def test_every_vin_in_an_example_has_its_check_digit(topic: Topic[Any], example: dict[str, Any]) -> None:
    vins = [each["vin"] for each in (example, *example.get("listings", ())) if "vin" in each]
    assert all(Vin(vin).check_digit_valid for vin in vins)


@each_topic
def test_no_field_that_may_be_empty_is_required(topic: Topic[Any]) -> None:
    # The outbox leaves empty fields out, so a required one would make the event unreadable.
    lacking = [
        f"{model.__name__}.{name}"
        for model in models(topic.model)
        for name, field in model.model_fields.items()
        if type(None) in get_args(field.annotation) and field.is_required()
    ]
    assert not lacking, f"add `= None` to {', '.join(lacking)}"


@each_example
def test_the_least_that_is_required_is_enough(topic: Topic[Any], example: dict[str, Any]) -> None:
    least = {name: value for name, value in example.items() if topic.model.model_fields[name].is_required()}
    event = read(topic, least)
    assert topic.model.model_validate_json(written(event)) == event


@each_example
@settings(max_examples=25)
@given(data=st.data())
def test_any_optional_field_may_be_left_out(topic: Topic[Any], example: dict[str, Any], data: st.DataObject) -> None:
    event = read(topic, thinned(data, topic.model, example))
    again = topic.model.model_validate_json(written(event))
    assert again == event
    assert written(again) == written(event)


@each_example
def test_what_a_newer_producer_adds_is_ignored(topic: Topic[Any], example: dict[str, Any]) -> None:
    assert read(topic, with_invented_fields(example)) == read(topic, example)


@each_example
def test_an_event_cannot_be_changed(topic: Topic[Any], example: dict[str, Any]) -> None:
    event = read(topic, example)
    with pytest.raises(ValidationError, match="frozen"):
        event.dealer_id = event.tenant_id  # type: ignore[misc]  # the point
    assert all(model.model_config.get("frozen") for model in models(topic.model))


@each_example
def test_a_time_without_a_zone_is_refused(topic: Topic[Any], example: dict[str, Any]) -> None:
    fields = topic.model.model_json_schema()["properties"]
    times = [name for name, field in fields.items() if field.get("format") == "date-time"]
    assert "occurred_at" in times
    for name in times:
        with pytest.raises(ValidationError, match="timezone") as refusal:
            read(topic, {**example, name: example[name].removesuffix("Z")})
        assert [error["loc"] for error in refusal.value.errors()] == [(name,)]


@each_example
@pytest.mark.parametrize("name", ["event_id", "occurred_at", "tenant_id", "dealer_id"])
def test_an_event_says_which_it_is_when_and_whose(topic: Topic[Any], example: dict[str, Any], name: str) -> None:
    with pytest.raises(ValidationError, match="Field required") as refusal:
        read(topic, {key: value for key, value in example.items() if key != name})
    assert [error["loc"] for error in refusal.value.errors()] == [(name,)]


@each_example
def test_another_version_is_refused(topic: Topic[Any], example: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="schema_version"):
        read(topic, {**example, "schema_version": 2})
