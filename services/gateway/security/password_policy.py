"""Which passwords may be chosen: long ones that nobody would guess first; no rules of composition."""

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path

from services.gateway.security.breached import BreachedList
from services.gateway.security.passwords import normalised

SHORTEST, LONGEST = 12, 256
"""Code points, in NFC."""
_LEFT = 8
_WORD = re.compile(r"[^\W_]+")
_SHORTEST_WORD = 4
_ALWAYS = ("doso",)


class PasswordPolicy:
    """Length, words of the context, and a list of breached passwords where there is one."""

    def __init__(self, breached: Path | None = None) -> None:
        """Open the list, if one is named; raises ``ValueError`` where it is not in its format."""
        self._breached = None if breached is None else BreachedList(breached)

    async def objection(self, password: str, context: Iterable[str] = ()) -> str | None:
        """Say why a password is refused and what to do; None when it is good.

        ``context`` holds the words that somebody who knows the person would try: names.
        """
        text = normalised(password)
        if not SHORTEST <= len(text) <= LONGEST:
            return f"must have {SHORTEST} to {LONGEST} characters, and has {len(text)}"
        word = _leaning_on(text, context)
        if word is not None:
            return f"is little more than {word!r}, which is guessed first: choose one without names"
        if self._breached is not None and await asyncio.to_thread(self._breached.holds, text):
            return "is in a public list of stolen passwords: choose one that is used nowhere else"
        return None


def _leaning_on(password: str, context: Iterable[str]) -> str | None:
    """Give the first context word without which too little is left of the password."""
    words: set[str] = set()
    for name in (*context, *_ALWAYS):
        parts = _WORD.findall(name.casefold())
        words |= {part for part in (*parts, "".join(parts)) if len(part) >= _SHORTEST_WORD}
    rest = "".join(_WORD.findall(password.casefold()))
    found = None
    for word in sorted(words, key=lambda word: (-len(word), word)):
        if word in rest:
            rest = rest.replace(word, "")
            found = found or word
    return found if len(rest) < _LEFT else None
