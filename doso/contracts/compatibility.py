"""Compatibility of two JSON schemas of one event version, by the names of what would break."""

import json
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_SAYS_NOTHING = {"title", "description", "default", "examples", "$defs"}
"""Keywords of JSON Schema that do not change what is accepted."""


def breaking_changes(before: Schema, after: Schema) -> list[str]:
    """Name what would break a reader or a stored event if the schema ``before`` became ``after``.

    Within a version only new optional fields are safe, because old and new instances run side by side and a
    topic keeps old events. References may point into the schema's own ``$defs`` only.
    """
    return list(_breaks(_shape(before, before), _shape(after, after), "body"))


def _shape(schema: Any, root: Schema) -> Any:
    """Inline references and keep only what decides acceptance."""
    if isinstance(schema, list):
        return [_shape(each, root) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _shape(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    shape = {key: _shape(value, root) for key, value in schema.items() if key not in _SAYS_NOTHING}
    if "properties" in schema:  # here the keys are names of fields, which may well be "title"
        shape["properties"] = {name: _shape(field, root) for name, field in schema["properties"].items()}
    return shape


def _breaks(before: Any, after: Any, where: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for old, new in zip(before, after, strict=True):
            yield from _breaks(old, new, where)
    elif not isinstance(before, dict) or not isinstance(after, dict):
        yield f"{where}: changed type, {json.dumps(before)} became {json.dumps(after)}"
    elif "properties" in before and "properties" in after:
        yield from _field_breaks(before, after, where)
    elif before.keys() != after.keys():
        yield f"{where}: changed type, {json.dumps(before)} became {json.dumps(after)}"
    else:
        for key in before:
            yield from _breaks(before[key], after[key], f"{where}[]" if key == "items" else where)


def _field_breaks(before: Schema, after: Schema, where: str) -> Iterator[str]:
    old, new = before["properties"], after["properties"]
    was, now = set(before.get("required", ())), set(after.get("required", ()))
    for name in old:
        if name not in new:
            yield f"{where}.{name}: removed field"
        elif name in was - now:
            yield f"{where}.{name}: no longer required, so it may be absent where readers count on it"
    for name in new:
        if name in now - was:
            yield f"{where}.{name}: new required field, which events written before do not have"
        if name in old:
            yield from _breaks(old[name], new[name], f"{where}.{name}")
