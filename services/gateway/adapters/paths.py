"""Where in a sender's document a value stands, and how to find it whatever its spelling.

``vehicle.vin`` goes down; ``prices[price_types=MSRP|TOTAL_MSRP].value`` takes the elements of a list that say so; a
list without brackets is tried element by element; ``value|amount`` goes down by either name. Names match without
regard to case, ``_`` and ``-``, so ``stock_number``, ``stockNumber`` and ``StockNumber`` are one. Lists directly
inside lists are not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_STEP = re.compile(r"(?P<name>[^.\[\]]+)(?:\[(?P<where>[^=\]]+)=(?P<values>[^\]]+)\])?(?:\.|$)")
_CONDITION = re.compile(r"\[[^\]]*\]")
_OTHERS = re.compile(r"\|[^.]+")
_LONGEST_NAME = 100
_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and the path to it in the sender's own spelling."""

    value: Any
    where: str


@dataclass(frozen=True, slots=True)
class _Step:
    names: tuple[str, ...]
    where: tuple[_Step, ...]
    values: frozenset[str]


class Finder:
    """Finds values in one document, which has to outlive it; it reads the names of each object once."""

    def __init__(self) -> None:
        self._names: dict[int, dict[str, str]] = {}

    def find(self, document: Any, path: str, prefix: str) -> Iterator[Found]:
        """Find the values that a path leads to, in their order; what is null or blank is not there."""
        return self._down(document, steps_of(path), prefix)

    def _down(self, value: Any, steps: Sequence[_Step], where: str) -> Iterator[Found]:
        if isinstance(value, list):
            for index, each in enumerate(value):
                if not isinstance(each, list):
                    yield from self._down(each, steps, f"{where}[{index}]")
        elif not steps:
            if value is not None and not (isinstance(value, str) and not value.strip()):
                yield Found(value, where)
        elif isinstance(value, Mapping):
            known = self._names_of(value)
            for key in (known[name] for name in steps[0].names if name in known):
                for each, place in self._elements(value[key], f"{where}.{key}" if where else key, steps[0]):
                    yield from self._down(each, steps[1:], place)

    def _elements(self, value: Any, where: str, step: _Step) -> Iterator[tuple[Any, str]]:
        if not step.where:
            yield value, where
            return
        several = isinstance(value, list)
        for index, each in enumerate(value if several else [value]):
            if not isinstance(each, list) and any(
                str(found.value).strip().upper() in step.values for found in self._down(each, step.where, "")
            ):
                yield each, f"{where}[{index}]" if several else where

    def _names_of(self, value: Mapping[str, Any]) -> dict[str, str]:
        names = self._names.get(id(value))
        if names is None:
            names = self._names[id(value)] = {plain(key): key for key in reversed(list(value))}
        return names


def named(document: Any, names: str) -> Found | None:
    """Find an object or list of one of these names, or its plural, at the top or up to three objects further down."""
    for name in names.split("|"):
        found = _named(document, {plain(name), plain(name) + "s"})
        if found is not None:
            return found
    return None


def _named(document: Any, wanted: set[str]) -> Found | None:
    level = [Found(document, "")]
    for _ in range(_LEVELS):
        below = []
        for parent in level:
            for key, value in parent.value.items():
                if plain(key) in wanted and isinstance(value, Mapping | list):
                    return Found(value, f"{parent.where}{key}")
                if isinstance(value, Mapping):
                    below.append(Found(value, f"{parent.where}{key}."))
        level = below
    return None


def plain(name: str) -> str:
    """Give a name without what spellings differ in; one that is too long to be a name is none."""
    return _plain(name) if len(name) <= _LONGEST_NAME else ""


@lru_cache(maxsize=1 << 13)
def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


def first_name(path: str) -> str:
    """Give a path as it would be called where nothing stands at it: by its first names, without conditions."""
    return _OTHERS.sub("", _CONDITION.sub("", path)).removeprefix("/")


@lru_cache(maxsize=1 << 12)
def steps_of(path: str) -> tuple[_Step, ...]:
    """Read a path; raises ``ValueError``."""
    steps = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            message = f"{path!r} is no path at {path[at:]!r}"
            raise ValueError(message)
        values = frozenset((match["values"] or "").upper().split("|"))
        names = tuple(plain(name) for name in match["name"].split("|"))
        steps.append(_Step(names, steps_of(match["where"] or ""), values))
        at = match.end()
    return tuple(steps)
