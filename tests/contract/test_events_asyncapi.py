"""The AsyncAPI documents: as the code has them, sound in themselves, and true of the events."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from doso.contracts import files
from doso.contracts.asyncapi import SERVICES, asyncapi_document
from shared.events import TOPICS

each_service = pytest.mark.parametrize("service", SERVICES)


@pytest.fixture
def document(service: str) -> dict[str, Any]:
    """Give the committed document of the service under test."""
    found: dict[str, Any] = json.loads(files.committed(files.ASYNCAPI / f"{service}.json"))
    return found


def references(node: Any) -> Iterator[str]:
    """Give every reference in a document but those in examples."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for name, child in node.items():
            yield from references(child) if name != "examples" else ()
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def resolved(document: dict[str, Any], reference: str) -> Any:
    """Follow a reference; raises KeyError where it leads nowhere."""
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


@each_service
def test_a_document_is_as_the_code_has_it(service: str) -> None:
    path = files.ASYNCAPI / f"{service}.json"
    changes = files.difference(path, files.wanted()[path])
    assert not changes, f"{changes}\n\nrun: python -m doso.contracts --write"


def test_no_document_is_left_over() -> None:
    assert files.strays() == []


@each_service
def test_a_document_has_what_asyncapi_requires(document: dict[str, Any], service: str) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert document["info"]["title"] == f"DOSO {service}"
    assert document["info"]["version"]
    assert all(server["host"] and server["protocol"] == "kafka" for server in document["servers"].values())
    assert all(channel["address"] and channel["messages"] for channel in document["channels"].values())
    for message in document["components"]["messages"].values():
        assert {"name", "title", "contentType", "headers", "payload"} <= message.keys()
        assert message["headers"]["type"] == "object"
        assert message["bindings"]["kafka"]["key"]["type"] == "string"


@each_service
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert found
    assert all(resolved(document, reference) for reference in found)


@each_service
def test_every_schema_is_sound_and_used(document: dict[str, Any]) -> None:
    used = set(references(document))
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert f"#/components/schemas/{name}" in used


@each_service
def test_every_operation_is_on_a_message_of_its_channel(document: dict[str, Any]) -> None:
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = operation["channel"]["$ref"]
        [message] = operation["messages"]
        assert message["$ref"].startswith(f"{channel}/messages/")
        assert (operation["action"] == "receive") is ("bindings" in operation)


@each_service
def test_operations_are_those_of_the_registry(document: dict[str, Any], service: str) -> None:
    sent = {name for name, topic in TOPICS.items() if service in topic.producers}
    received = {name for name, topic in TOPICS.items() if service in topic.consumers}
    parked = {f"{name}.dlq.{service}" for name in received}

    def addresses(action: str) -> set[str]:
        operations = document["operations"].values()
        return {resolved(document, o["channel"]["$ref"])["address"] for o in operations if o["action"] == action}

    assert addresses("send") == sent | parked
    assert addresses("receive") == received
    assert {channel["address"] for channel in document["channels"].values()} == sent | received | parked


@each_service
def test_a_service_reads_as_the_group_of_its_name_with_the_partitions_there_are(
    document: dict[str, Any], service: str
) -> None:
    for operation in document["operations"].values():
        if operation["action"] == "receive":
            assert operation["bindings"]["kafka"]["groupId"] == {"type": "string", "const": service}
    for channel in document["channels"].values():
        topic = TOPICS.get(channel["address"])
        assert channel["bindings"]["kafka"]["topic"] == channel["address"]
        assert channel["bindings"]["kafka"]["partitions"] == (topic.partitions if topic else 1)


def payload_validator(document: dict[str, Any], model: str) -> Draft202012Validator:
    payload = document["components"]["messages"][model]["payload"]
    return Draft202012Validator({**payload, "components": document["components"]})


@each_service
def test_the_examples_are_what_the_payload_schemas_describe(document: dict[str, Any]) -> None:
    for model, message in document["components"]["messages"].items():
        for example in message.get("examples", ()):
            payload_validator(document, model).validate(example["payload"])
        assert bool(message.get("examples")) is (model != "DeadLetter")


def test_money_is_described_as_text() -> None:
    document = asyncapi_document("inventory")
    validator = payload_validator(document, "InventoryUpdated")
    [example] = document["components"]["messages"]["InventoryUpdated"]["examples"]
    assert validator.is_valid(example["payload"])
    assert not validator.is_valid({**example["payload"], "list_price": 32290.0})


def test_a_service_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="'billing'; the services are feedback, forecast, gateway"):
        asyncapi_document("billing")
