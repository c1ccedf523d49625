"""JSON: an array of objects, an object holding one, or one a line; nested objects become dotted columns."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from services.gateway.imports.encoding import detect_encoding
from services.gateway.imports.errors import (
    DamagedFileError,
    EmptyFileError,
    FileTooLargeError,
    NotATableError,
)
from services.gateway.imports.table import FileFormat, RawTable, SourceRow

_WHOLE_LIMIT: Final = 256 * 1024 * 1024
_LONGEST_LINE: Final = 4 * 1024 * 1024
_HEADER_ITEMS: Final = 1000
_MOST_NESTED: Final = 1000
"""Columns from which on only names at the top become one: objects keyed by ids have another for each."""
_DEPTH: Final = 4
_OBJECT: Final = 'an object such as {"vin": "…"}'


def open_json(path: Path) -> RawTable:
    """Open JSON or JSON lines; column names are the keys of the first 1,000 objects, in order of appearance.

    JSON lines are read one at a time; a single JSON value is held in memory and may have 256 MiB.
    Raises `DamagedFileError` for text that is not JSON, `NotATableError` for JSON without a list of objects.
    """
    encoding = detect_encoding(path)
    if _is_lines(path, encoding):
        header = _header(item for _, item in itertools.islice(_line_items(path, encoding), _HEADER_ITEMS))
        rows = lambda: _rows(_line_items(path, encoding), header)  # noqa: E731
        return RawTable(FileFormat.NDJSON, encoding, None, header, rows)
    items = _array_items(path, encoding)
    header = _header(items[:_HEADER_ITEMS])
    return RawTable(FileFormat.JSON, encoding, None, header, lambda: _rows(enumerate(items, start=1), header))


def _is_lines(path: Path, encoding: str) -> bool:
    """Tell JSON lines from one JSON value: the first line is an object by itself and another one follows."""
    with path.open(encoding=encoding, errors="replace") as file:
        filled = (line for line in iter(lambda: file.readline(_LONGEST_LINE), "") if line.strip())
        first, second = next(filled, ""), next(filled, "")
    try:
        alone = isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        alone = False
    damaged_first = first.strip()[:1] + first.strip()[-1:] == "{}" and second.lstrip()[:1] == "{"
    return bool(second) and (alone or damaged_first)


def _line_items(path: Path, encoding: str) -> Iterator[tuple[int, Any]]:
    with path.open(encoding=encoding, errors="replace") as file:
        lines = iter(lambda: file.readline(_LONGEST_LINE), "")
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield number, json.loads(line, parse_float=_exact, parse_int=str)
            except (ValueError, RecursionError):
                yield number, line.strip()


def _array_items(path: Path, encoding: str) -> list[Any]:
    if path.stat().st_size > _WHOLE_LIMIT:
        seen = f"the JSON file has {path.stat().st_size / 2**20:,.0f} MiB in one piece"
        raise FileTooLargeError(seen, "Write one object a line (JSON lines) or CSV; both may be of any size.")
    try:
        value = json.loads(path.read_text(encoding, errors="replace"), parse_float=_exact, parse_int=str)
    except json.JSONDecodeError as error:
        seen = f"the file starts like JSON but breaks at line {error.lineno}, column {error.colno} ({error.msg})"
        raise DamagedFileError(seen, "Export it again.") from error
    except (ValueError, RecursionError) as error:
        raise DamagedFileError("the JSON is nested too deeply", "Send an array of flat objects.") from error
    items = _list_in(value)
    if items is None:
        raise NotATableError("the JSON holds no list of objects", f"Send an array whose items are {_OBJECT}.")
    if not items:
        raise EmptyFileError("the JSON list is empty", "Check the export; an empty lot is sent as a header alone.")
    return items


def _list_in(value: Any) -> list[Any] | None:
    if isinstance(value, dict):
        lists = [part for part in value.values() if _is_list_of_objects(part)]
        if not lists:
            return [value] if any(not isinstance(part, dict | list) for part in value.values()) else None
        return lists[0] if isinstance(lists[0], list) else None
    return value if isinstance(value, list) and (not value or _is_list_of_objects(value)) else None


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value[:_HEADER_ITEMS])


def _header(items: Iterable[Any]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for item in items:
        if isinstance(item, dict):
            known = len(names) >= _MOST_NESTED
            names.update((name, None) for name in _flat(item) if not known or "." not in name)
    if not names:
        raise NotATableError("the JSON objects have no keys", f"Send items such as {_OBJECT}.")
    return tuple(names)


def _rows(items: Iterable[tuple[int, Any]], header: tuple[str, ...]) -> Iterator[SourceRow]:
    for number, item in items:
        if isinstance(item, dict):
            flat = _flat(item)
            yield SourceRow(number, [flat.get(name) for name in header])
        else:
            text = item if isinstance(item, str) else json.dumps(item)
            yield SourceRow(number, [text[:1000]], f"this is not {_OBJECT}")


def _exact(text: str) -> str:
    """Keep a JSON number as written, but never with three decimals, which text files mean as thousands."""
    return f"{text}0" if text[-4:-3] == "." else text


def _flat(item: dict[str, Any], prefix: str = "", depth: int = 1) -> dict[str, str | None]:
    flat: dict[str, str | None] = {}
    for key, value in item.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and depth < _DEPTH:
            flat |= _flat(value, f"{name}.", depth + 1)
        elif value is None or isinstance(value, str):
            flat[name] = value
        else:
            flat[name] = str(value) if isinstance(value, bool) else json.dumps(value)
    return flat
