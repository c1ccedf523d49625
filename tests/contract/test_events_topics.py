"""The topic registry against the code: names, one producer each, consumers that have a handler."""

import ast
import importlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from doso.contracts.asyncapi import SERVICES
from doso.contracts.files import ROOT
from shared.events import TOPICS, Topic, topic_of
from shared.messaging import EventRouter

PROMISED = {
    "dms-event-received", "market-data-received", "inventory-updated", "market-updated", "forecast-ready",
    "recommendation-issued", "recommendation-answered", "outcome-recorded", "policy-updated",
}  # fmt: skip
"""Names that others rely on: more may come, none may go."""

each_topic = pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
each_service = pytest.mark.parametrize("service", SERVICES)


def router_of(service: str) -> EventRouter:
    router: EventRouter = importlib.import_module(f"services.{service}.handlers").router
    return router


def constructed_in(folder: Path) -> Iterator[str]:
    """Give the names of classes that the sources under a folder call to make an instance."""
    for source in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                made = node.func
                if isinstance(made, ast.Attribute) and made.attr == "of_valid":
                    made = made.value
                if isinstance(made, ast.Name | ast.Attribute):
                    yield made.id if isinstance(made, ast.Name) else made.attr


def test_no_promised_topic_is_missing() -> None:
    assert set(TOPICS) >= PROMISED


def test_the_registry_names_the_services_there_are() -> None:
    assert set(SERVICES) == {path.parent.name for path in (ROOT / "services").glob("*/app.py")}
    assert len(SERVICES) == 6


@each_topic
def test_a_topic_is_named_for_what_happened(topic: Topic[Any]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", topic.name)
    assert topic.name.endswith("ed") or topic.name == "forecast-ready"
    assert topic.model.__name__ == topic.name.title().replace("-", "")
    assert topic.event_type == f"doso.{topic.name}.v1"


@each_topic
def test_a_model_has_one_topic(topic: Topic[Any]) -> None:
    event = topic.model.model_construct()
    assert topic_of(event) is topic
    assert [each.name for each in TOPICS.values() if each.model is topic.model] == [topic.name]


@each_topic
def test_only_its_producers_make_a_topics_events(topic: Topic[Any]) -> None:
    makers = [service for service in SERVICES if topic.model.__name__ in constructed_in(ROOT / "services" / service)]
    assert set(makers) == set(topic.producers)


@each_topic
def test_a_topic_is_read_by_somebody_and_by_each_once(topic: Topic[Any]) -> None:
    assert topic.consumers
    assert len(set(topic.consumers)) == len(topic.consumers)
    assert topic.partitions > 0


@each_service
def test_a_service_handles_exactly_the_topics_it_is_registered_for(service: str) -> None:
    registered = {name for name, topic in TOPICS.items() if service in topic.consumers}
    assert router_of(service).service == service
    assert set(router_of(service).handlers) == registered


@each_service
def test_a_handler_is_written_for_the_events_of_its_topic(service: str) -> None:
    for topic, handler in router_of(service).handlers.values():
        assert TOPICS[topic.name] is topic
        events = get_type_hints(handler)["events"]
        assert (get_origin(events), get_args(events)) == (Sequence, (topic.model,)), handler.__qualname__


def test_a_service_cannot_listen_to_what_it_is_not_registered_for() -> None:
    with pytest.raises(ValueError, match=r"policy-updated does not list market.*shared/events/topics\.py"):
        EventRouter("market").on(TOPICS["policy-updated"])


def test_dead_letter_topics_are_named_for_topic_and_group() -> None:
    assert TOPICS["market-updated"].dead_letters("forecast") == "market-updated.dlq.forecast"
