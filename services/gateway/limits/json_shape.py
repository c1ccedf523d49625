"""Judging JSON by its bytes before anything parses it: how deep, how many values, how long a number.

Everything here is a handful of passes of the standard library's byte functions, which run at memory speed;
what a small or ordinary body needs is two counts.
"""

import re
from typing import Final

_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_STRUCTURE: Final = frozenset(b'[]{}"\n')
_OTHER: Final = bytes(set(range(256)) - _STRUCTURE)
# A string cannot hold a raw line break: what is not closed by the end of its line never will be.
_STRING: Final = re.compile(rb'"[^"\n]*"')
_UNCLOSED: Final = re.compile(rb'"[^\n]*')


def objection(body: bytes, *, depth: int, values: int, digits: int, lines: bool = False) -> str | None:
    """Say what makes a body of JSON, or of JSON ``lines``, unfit for parsing; None when nothing does.

    Whether it is JSON at all is for the parser to say. A line of JSON lines is as deep as it is by itself.
    """
    if b"0" * (digits + 1) in body.translate(_DIGITS) and _longest_number(body) > digits:
        return f"The JSON holds a number of more than {digits} digits."
    if body.count(b",") > values and _without_strings(body).count(b",") > values:
        return f"The JSON holds more than {values} values: send less at a time."
    if body.count(b"[") + body.count(b"{") > depth and _deeper_than(body, depth, lines=lines):
        return f"The JSON is nested more than {depth} deep."
    return None


def _unescaped(body: bytes) -> bytes:
    # In this order: a run of backslashes pairs up from its left, and what is left over escapes what follows.
    return body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body


def _without_strings(body: bytes) -> bytes:
    return _UNCLOSED.sub(b"", _STRING.sub(b"", _unescaped(body)))


def _longest_number(body: bytes) -> int:
    runs = re.finditer(rb"0+", _without_strings(body).translate(_DIGITS))
    return max((run.end() - run.start() for run in runs), default=0)


def _deeper_than(body: bytes, depth: int, *, lines: bool) -> bool:
    bare = _unescaped(body).translate(_BRACKETS, _OTHER).replace(b'""', b"")
    if b'"' in bare:
        bare = _UNCLOSED.sub(b"", _STRING.sub(b"", bare))
    if not lines:
        bare = bare.replace(b"\n", b"")
    for _ in range(depth):  # each pass takes off the innermost level, and all of what is as shallow beside it
        bare, before = bare.replace(b"[]", b""), len(bare)
        if len(bare) == before:
            break
    else:
        if b"[]" in bare:
            return True
    # What is left matches nothing: a parser comes as far as the first bracket that closes, if not less far. What
    # was closed inside of what is left open was taken off above: this lets broken JSON be twice as deep, not more.
    return re.search(rb"^\[{%d}" % (depth + 1), bare, re.MULTILINE) is not None
