"""An adapter as a table: where a sender's document holds each of our fields, and how each is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.gateway.adapters import transforms
from services.gateway.adapters.paths import Finder, Found, named
from services.gateway.adapters.transforms import Transform, text
from services.gateway.store.accounts import Dealer

_OURS = re.compile(r"\bdata\.(\w+)")
_ATTRIBUTE = re.compile(r"(id|time|subject|dealerid|source|type): ")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of a delivery beside its documents; ``place`` counts these from 0."""

    delivery_id: str
    at: datetime
    source_id: str
    dealers: Mapping[UUID, Dealer]
    scope: frozenset[UUID] | None = None
    dealer_codes: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    place: int = 0


@dataclass(frozen=True, slots=True)
class Mapped:
    """One event in our terms, or why it is none; ``origin`` tells where in the sender's document a field stood."""

    event: Any
    origin: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()

    def told(self, error: str) -> str:
        """Say an error in the sender's terms: with the path of its own document for our field's name."""
        attribute = _ATTRIBUTE.match(error)
        if attribute and attribute[1] in self.origin:
            error = f"{self.origin[attribute[1]]}: {error[attribute.end() :]}"
        return _OURS.sub(lambda match: self.origin.get(match[1], match[0]), error)


@dataclass(frozen=True, slots=True)
class Read:
    """A field: the paths where it may stand, the likeliest first, and how it is read."""

    paths: tuple[str, ...]
    transform: Transform = text


def at(*paths: str, read: Transform = text) -> Read:
    """Say where a field stands and how it is read."""
    return Read(paths, read)


@dataclass(frozen=True, slots=True)
class Kind:
    """The rule for an event's type: the first code at these paths that is known; ``otherwise`` None refuses."""

    paths: tuple[str, ...]
    codes: Mapping[str, str]
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The adapter of one kind of document.

    ``root`` names the object to read, wherever an envelope puts it; a document without it is that object itself.
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

    def read(self, document: Any, delivery: Delivery) -> Iterator[Mapped]:
        """Read every event of a document."""
        envelope = document if isinstance(document, Mapping) and "specversion" in document else {}
        payload = envelope.get("data") if envelope else document
        found = (named(payload, self.root) if isinstance(payload, Mapping) else None) or Found(payload, self.root)
        several = isinstance(found.value, list)
        for index, each in enumerate(found.value if several else [found.value]):
            where = f"{found.where}[{index}]" if several else found.where
            yield _Reading(self, each, payload, where, envelope, delivery, index if several else None).mapped()


class _Reading:
    def __init__(
        self,
        table: Table,
        document: Any,
        top: Any,
        where: str,
        envelope: Mapping[str, Any],
        delivery: Delivery,
        index: int | None,
    ) -> None:
        self.table, self.document, self.top, self.where = table, document, top, where
        self.envelope, self.delivery, self.index = envelope, delivery, index
        self.origin: dict[str, str] = {}
        self.errors: list[str] = []
        self.zone = ZoneInfo("UTC")
        self.finder = Finder()

    def mapped(self) -> Mapped:
        if not isinstance(self.document, Mapping):
            return Mapped(None, {}, (f"{self.where}: is not an object",))
        dealer = self._dealer()
        if dealer is not None:
            self.zone = ZoneInfo(dealer.timezone)
            self._check_currency(dealer)
        kind = self._kind()
        data = {name: self._value(name, rule) for name, rule in self.table.fields.items()}
        data = {name: value for name, value in data.items() if value is not None}
        self.errors += [f"{self.origin[name]}: is missing" for name in self.table.requires if name not in data]
        if "destination_dealer_id" in data:
            data["destination_dealer_id"] = self._coded(data["destination_dealer_id"], "destination_dealer_id")
        moment = self._value("time", Read(self.table.time, transforms.moment))
        if moment is None and self.table.waits_for:
            self.errors.append(f"{self.origin['time']}: {self.table.waits_for}")
        event = {
            "specversion": "1.0",
            "id": self._id(),
            "source": self.envelope.get("source") or f"urn:doso:source:{self.delivery.source_id}",
            "type": kind,
            "time": moment or self.envelope.get("time") or self.delivery.at.isoformat(),
            "subject": self._value("subject", Read(self.table.subject)) or self.envelope.get("subject"),
            "dealerid": str(dealer.dealer_id) if dealer else None,
            "data": data,
        }
        return Mapped(event, self.origin, tuple(self.errors))

    def _found(self, paths: tuple[str, ...]) -> Iterator[Found]:
        for path in paths:
            if path.startswith("/"):
                yield from self.finder.find(self.top, path[1:], "")
            else:
                yield from self.finder.find(self.document, path, self.where)

    def _value(self, name: str, rule: Read) -> Any:
        if rule.paths:
            self.origin[name] = self._path(rule.paths[0])
        for found in self._found(rule.paths):
            self.origin[name] = found.where
            try:
                value = rule.transform(found.value, self.zone)
            except ValueError as error:
                self.errors.append(f"{found.where}: {error}")
                return None
            if value is not None:
                return value
        return None

    def _path(self, path: str) -> str:
        return path[1:] if path.startswith("/") else f"{self.where}.{path}" if self.where else path

    def _kind(self) -> str | None:
        rule = self.table.kind
        self.origin["type"] = self._path(rule.paths[0]) if rule.paths else self.where
        said = {str(found.value).strip().upper(): found.where for found in self._found(rule.paths)}
        for code, kind in rule.codes.items():
            if code in said:
                self.origin["type"] = said[code]
                return kind
        if rule.otherwise is None:
            words = ", ".join(sorted(said))[:80] or "what is missing"
            self.origin["type"] = next(iter(said.values()), self.origin["type"])
            known = ", ".join(rule.codes)
            self.errors.append(f"{self.origin['type']}: {words} is no kind of event we know; it is one of {known}")
        return rule.otherwise

    def _id(self) -> str:
        if self.envelope.get("id"):
            return str(self.envelope["id"])
        parts = [next(self._found((path,)), None) for path in self.table.ids]
        if parts and all(part and not isinstance(part.value, Mapping) for part in parts):
            self.origin["id"] = next(part.where for part in parts if part)
            return ":".join(str(part.value) for part in parts if part)
        if self.index is not None:
            return f"{self.delivery.delivery_id}:{self.delivery.place}.{self.index}"
        return (
            f"{self.delivery.delivery_id}:{self.delivery.place}" if self.delivery.place else self.delivery.delivery_id
        )

    def _dealer(self) -> Dealer | None:
        self.origin["dealerid"] = self._path(self.table.dealer[0]) if self.table.dealer else "dealerid"
        known, scope = self.delivery.dealers, self.delivery.scope
        said = self._said_dealer()
        if said is not None:
            code = self._coded(str(said.value), "dealerid", where=said.where)
            dealer = known.get(UUID(code)) if code else None
            if code and (dealer is None or (scope is not None and dealer.dealer_id not in scope)):
                self.errors.append(f"{said.where}: no dealer {code} here; see GET /api/v1/dealers for the ids")
                return None
            return dealer
        mine = set(known) if scope is None else scope & set(known)
        if len(mine) == 1:
            return known[next(iter(mine))]
        self.errors.append(f"{self.origin['dealerid']}: say which rooftop; the source speaks for {len(mine)}")
        return None

    def _said_dealer(self) -> Found | None:
        header = self.delivery.headers.get(self.table.dealer_header or "")
        if header and self.table.dealer_header:
            return Found(header, f"header {self.table.dealer_header}")
        found = next((f for f in self._found(self.table.dealer) if isinstance(f.value, str | int)), None)
        if found is None and self.envelope.get("dealerid"):
            return Found(self.envelope["dealerid"], "dealerid")
        return found

    def _coded(self, code: str, name: str, where: str | None = None) -> str | None:
        """Give the rooftop that a code of the source means; a rooftop's own id is a code of every source."""
        self.origin[name] = where or self.origin[name]
        meant = self.delivery.dealer_codes.get(code.strip(), code.strip())
        try:
            return str(UUID(meant))
        except ValueError:
            self.errors.append(
                f"{self.origin[name]}: the source has no dealer code {code[:60]!r}; an admin adds it to dealer_codes"
            )
            return None

    def _check_currency(self, dealer: Dealer) -> None:
        for found in self._found(self.table.currency):
            if str(found.value).strip().upper() != dealer.currency:
                self.errors.append(f"{found.where}: {str(found.value)[:10]} is not {dealer.currency}, the rooftop's")
                return
