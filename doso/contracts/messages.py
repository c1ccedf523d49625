"""Messages as AsyncAPI describes them: an event in CloudEvents' binary mode, and a dead letter."""

import json
from pathlib import Path
from typing import Any

import shared.events
from shared.events import Event, Topic
from shared.messaging.envelope import FIRST_PARKED

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/{model}"
KAFKA_BINDING = "0.5.0"
"""The version of AsyncAPI's Kafka binding that its version 3.0 was released with."""

_EXAMPLES = Path(shared.events.__file__).parent / "examples"


def examples(topic: Topic[Any]) -> dict[str, Json]:
    """Read the committed examples of a topic's present version, by name."""
    folder = _EXAMPLES / topic.name / topic.event_type.rpartition(".")[2]
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def summary(model: type[Event]) -> str:
    """Give the first line of a model's docstring."""
    return (model.__doc__ or "").strip().partition("\n")[0]


def event_message(topic: Topic[Event]) -> Json:
    """Describe the message of a topic: headers, payload, key and examples."""
    attributes = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "The event_id of the body."},
        "ce_source": {"type": "string", "enum": [f"/doso/{service}" for service in topic.producers]},
        "ce_type": {"type": "string", "const": topic.event_type},
        "ce_time": {"type": "string", "format": "date-time", "description": "The occurred_at of the body."},
        "content-type": {"type": "string", "const": "application/json"},
    }
    trace = {
        "traceparent": {"type": "string", "description": "The W3C trace context of what caused the event."},
        "tracestate": {"type": "string", "description": "The W3C trace state that goes with it."},
    }
    again = {
        FIRST_PARKED: {"type": "string", "description": "Of an event sent again: when it was parked first, in ms."}
    }
    return {
        "name": topic.event_type,
        "title": topic.model.__name__,
        "summary": summary(topic.model),
        "contentType": "application/json",
        "headers": {"type": "object", "required": list(attributes), "properties": {**attributes, **trace, **again}},
        "payload": {"$ref": SCHEMAS.format(model=topic.model.__name__)},
        "correlationId": {"location": "$message.header#/ce_id"},
        "bindings": _keyed({"type": "string", "format": "uuid", "description": "The dealer_id of the body."}),
        "examples": [{"name": name, "payload": payload} for name, payload in examples(topic).items()],
    }


def dead_letter() -> Json:
    """Describe a parked record: its bytes and headers as they were, and why it was parked."""
    said = {
        "x-topic": "The topic it was read from.",
        "x-partition": "The partition it was read from.",
        "x-offset": "Its offset there.",
        "x-group": "The consumer group that parked it.",
        "x-error-class": "The class of the error.",
        "x-error": "What was wrong, naming fields and never their values.",
        "x-attempts": "How often it was tried.",
        "x-first-seen": "Its timestamp, in milliseconds since 1970.",
    }
    where_needed = {
        "x-key-base64": "Its key, where that is not UTF-8 text; the beginning of it, where that is too long.",
        "x-key-cut": "How long its key is, where the letter has but the beginning of it, and the key's digest.",
        "x-headers-cut": "How many of its headers were too large for the letter and left out, their size and names.",
    }
    headers = {name: {"type": "string", "description": meaning} for name, meaning in {**said, **where_needed}.items()}
    return {
        "name": "doso.dead-letter",
        "title": "DeadLetter",
        "summary": "A record as it was read, its body byte for byte and with its own headers, and why it was parked.",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "required": list(said), "properties": headers},
        "payload": {"description": "The bytes of the body as they were; often not a valid event."},
        "bindings": _keyed(
            {"type": "string", "description": "The key as it was; empty where it is no text or was cut."}
        ),
    }


def _keyed(key: Json) -> Json:
    return {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}}
