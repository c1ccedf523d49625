"""The AsyncAPI 3.0 document of a service: what it sends, receives and parks."""

import importlib
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from doso.contracts.messages import KAFKA_BINDING, SCHEMAS, dead_letter, event_message, summary
from shared.events import TOPICS, Event, Topic

Json = dict[str, Any]

SERVICES = tuple(sorted({name for topic in TOPICS.values() for name in (*topic.producers, *topic.consumers)}))


def asyncapi_document(service: str) -> Json:
    """Describe one service: its topics, its operations on them, and where it parks dead letters.

    Payloads are described as they are written, so money is a decimal string. Raises ``ValueError`` for a
    service that no topic names.
    """
    if service not in SERVICES:
        message = f"no topic is produced or consumed by {service!r}; the services are {', '.join(SERVICES)}"
        raise ValueError(message)
    sent = [topic for topic in TOPICS.values() if service in topic.producers]
    received = [topic for topic in TOPICS.values() if service in topic.consumers]
    carried = [topic for topic in TOPICS.values() if topic in sent or topic in received]
    messages = {topic.model.__name__: event_message(topic) for topic in carried}
    if received:
        messages["DeadLetter"] = dead_letter()
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:doso:{service}",
        "info": {
            "title": f"DOSO {service}",
            "version": "1.0.0",
            "description": (importlib.import_module(f"services.{service}").__doc__ or "").strip(),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _server()},
        "channels": {
            **{topic.name: _channel(topic) for topic in carried},
            **{topic.dead_letters(service): _dead_letter_channel(topic, service) for topic in received},
        },
        "operations": {
            **{f"send{topic.model.__name__}": _send(topic) for topic in sent},
            **{f"receive{topic.model.__name__}": _receive(topic, service) for topic in received},
            **{f"park{topic.model.__name__}": _park(topic, service) for topic in received},
        },
        "components": {"messages": messages, "schemas": _schemas(carried)},
    }


def _server() -> Json:
    where = {"default": "localhost:9092", "description": "What DOSO_KAFKA_BOOTSTRAP_SERVERS says."}
    return {"host": "{bootstrap_servers}", "protocol": "kafka", "variables": {"bootstrap_servers": where}}


def _schemas(topics: list[Topic[Event]]) -> Json:
    written: JsonSchemaMode = "serialization"
    _, schemas = models_json_schema([(topic.model, written) for topic in topics], ref_template=SCHEMAS)
    defined: Json = schemas["$defs"]
    return defined


def _channel(topic: Topic[Event]) -> Json:
    name = topic.model.__name__
    return {
        "address": topic.name,
        "description": f"Produced by {', '.join(topic.producers)}; consumed by {', '.join(topic.consumers)}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": _kafka(topic=topic.name, partitions=topic.partitions),
    }


def _dead_letter_channel(topic: Topic[Event], group: str) -> Json:
    address = topic.dead_letters(group)
    return {
        "address": address,
        "description": f"What {group} could not take in from {topic.name}.",
        "messages": {"DeadLetter": {"$ref": "#/components/messages/DeadLetter"}},
        "bindings": _kafka(topic=address, partitions=1),
    }


def _send(topic: Topic[Event]) -> Json:
    return _operation("send", topic.name, topic.model.__name__, summary(topic.model))


def _receive(topic: Topic[Event], group: str) -> Json:
    operation = _operation("receive", topic.name, topic.model.__name__, summary(topic.model))
    return {**operation, "bindings": _kafka(groupId={"type": "string", "const": group})}


def _park(topic: Topic[Event], group: str) -> Json:
    about = f"Park, once, a record of {topic.name} that can never work."
    return _operation("send", topic.dead_letters(group), "DeadLetter", about)


def _operation(action: str, channel: str, message: str, about: str) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": about,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
    }


def _kafka(**binding: object) -> Json:
    return {"kafka": {**binding, "bindingVersion": KAFKA_BINDING}}
