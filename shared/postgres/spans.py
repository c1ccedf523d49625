"""Spans of keys: walking a large table piece by piece, and two tables by the same pieces."""

from collections.abc import Mapping
from dataclasses import dataclass

Key = tuple[str, ...]
"""The columns of a key as text, so that a position in a table can be written down and taken up again."""


@dataclass(frozen=True, slots=True)
class Span:
    """Keys after ``after`` up to and with ``up_to``; None is the end of the table on that side."""

    after: Key | None = None
    up_to: Key | None = None


def within(columns: Mapping[str, str]) -> str:
    """Give the condition that a row lies in the span whose ends are the parameters $2 and $3, each ``text[]``.

    ``columns``: the name and the type of each column of the key, in order.
    """
    key = ", ".join(columns)

    def end(parameter: str) -> str:
        return ", ".join(f"({parameter}::text[])[{place}]::{kind}" for place, kind in enumerate(columns.values(), 1))

    return f"($2::text[] IS NULL OR ({key}) > ({end('$2')})) AND ($3::text[] IS NULL OR ({key}) <= ({end('$3')}))"
