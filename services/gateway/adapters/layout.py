"""Where a sender's document holds each of our fields, and how each is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway.adapters.transforms import Transform, text


@dataclass(frozen=True, slots=True)
class Read:
    """A field: the paths where it may stand, the likeliest first, and how it is read.

    Where several values may stand at a path, ``first`` are those that go before the others.
    """

    paths: tuple[str, ...]
    transform: Transform = text
    first: tuple[str, ...] = ()


def at(*paths: str, read: Transform = text, first: tuple[str, ...] = ()) -> Read:
    """Say where a field stands, how it is read, and which of several values go first."""
    return Read(paths, read, first)


@dataclass(frozen=True, slots=True)
class Kind:
    """The rule for an event's type: the first code at these paths that is known; ``otherwise`` None refuses."""

    paths: tuple[str, ...]
    codes: Mapping[str, str]
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What one kind of document holds, and where.

    ``root`` names the object to read, wherever an envelope puts it (``a|b``: else b); a document without is that
    object itself.
    ``ids`` together name the event; where one is missing the delivery names it. ``waits_for`` is what to say of a
    document without a ``time``, where there is an event only once there is one. ``currency`` paths must say the
    rooftop's currency if they say any. ``requires`` names our fields that nothing can be made of without.
    With ``relay``, the sender holds back everything that follows an answer other than 202, so it always gets one.
    A path with ``/`` before it starts at the top of the payload, any other at the object that is read.
    """

    name: str
    root: str
    kind: Kind
    fields: Mapping[str, Read]
    ids: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    dealer: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    waits_for: str | None = None
    id_header: str | None = None
    dealer_header: str | None = None
    relay: bool = False
