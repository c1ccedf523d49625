"""What a column's name says: the field it stands for, on what grounds, and how much it is preferred."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import Final

from services.gateway.imports.fields import FIELDS, ImportKind

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
KILOMETRES: Final = frozenset({"km", "kms", "kilometers", "kilometres"})
MILES: Final = frozenset({"mi", "mile", "miles"})
_NOISE: Final = frozenset(
    {"vehicle", "veh", "car", "unit", "usd", "cad", "eur", "gbp", "amount", "value", "the", "dms", "field"}
)
_ANOTHER_MEANING: Final = frozenset({
    "min", "max", "avg", "average", "mean", "median", "change", "changes", "percent", "pct", "ref", "reference",
    "previous", "prior", "old", "est", "estimated", "book", "market", "wholesale", "auction", "trade", "adjusted",
    "interior", "int", "engine", "payment", "monthly", "msrp", "number", "misc", "comment",
})  # fmt: skip
"""Words that turn a familiar name into another thing: `Est. Price to Market` is no asking price."""


class How(StrEnum):
    """What the recognition of a column rests on, surest first."""

    TOLD = "told by the sender"
    NAME = "name"
    WORDS = "words in the name"
    CONTENT = "content"


def words_of(name: str) -> tuple[str, ...]:
    """Split a column name into lower-case words: `DateInStock`, `date_in_stock` and `Date In Stock` agree."""
    return tuple(word.lower() for word in _WORD.findall(name))


def plain_name(name: str) -> str:
    """Give what is the same of a rooftop's name however it is typed: case, spaces, the form of its accents."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


_EXACT: Final[dict[ImportKind, dict[str, tuple[str, int]]]] = {
    kind: {
        "".join(words_of(name)): (field, place) for field, names in fields.items() for place, name in enumerate(names)
    }
    for kind, fields in FIELDS.items()
}


@lru_cache(maxsize=4096)
def field_named(name: str, kind: ImportKind) -> tuple[str, How, int] | None:
    """Name the field a column name stands for, on what grounds, and its place in the order of preference."""
    words = words_of(name)
    for candidate, how in ((words, How.NAME), (words_of(name.rpartition(".")[2]), How.WORDS)):
        if found := _EXACT[kind].get("".join(candidate)):
            return found[0], how, found[1]
    if _ANOTHER_MEANING & set(words):
        return None
    plain = [word for word in words if word not in _NOISE | KILOMETRES | MILES]
    if found := _EXACT[kind].get("".join(plain)):
        return found[0], How.WORDS, found[1]
    inside = [
        (len(phrase), field, place)
        for field, names in FIELDS[kind].items()
        for place, phrase in enumerate(tuple(synonym.split()) for synonym in names)
        if len(phrase) > 1 and set(phrase) <= set(words)
    ]
    if not inside:
        return None
    _, field, place = max(inside)
    return field, How.WORDS, place
