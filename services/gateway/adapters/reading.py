"""Reading one document by a table: every field is looked for, and where each stood is remembered for errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.gateway.adapters.delivery import Delivery, Mapped
from services.gateway.adapters.paths import Finder, Found, first_name
from services.gateway.adapters.transforms import Transform, moment, text
from services.gateway.store.accounts import Dealer

if TYPE_CHECKING:
    from services.gateway.adapters.layout import Layout


class Reading:
    """One event of a document being read by one table; all of a document's share what finds values in it."""

    def __init__(
        self,
        table: Layout,
        document: Any,
        top: Any,
        where: str,
        envelope: Mapping[str, Any],
        delivery: Delivery,
        index: int | None,
        finder: Finder,
    ) -> None:
        self.table, self.document, self.top, self.where = table, document, top, where
        self.envelope, self.delivery, self.index = envelope, delivery, index
        self.origin: dict[str, str] = {}
        self.errors: list[str] = []
        self.zone = ZoneInfo("UTC")
        self.finder = finder

    def mapped(self) -> Mapped:
        """Give the event of the document, or what is wrong with it in the sender's terms."""
        if not isinstance(self.document, Mapping):
            return Mapped(None, {}, (f"{self.where}: is not an object",))
        dealer = self._dealer()
        if dealer is not None:
            self.zone = ZoneInfo(dealer.timezone)
            self._check_currency(dealer)
        kind = self._kind()
        data = {
            name: self._value(name, rule.paths, rule.transform, rule.first)
            for name, rule in self.table.fields.items()
        }
        data = {name: value for name, value in data.items() if value is not None}
        self.errors += [f"{self.origin[name]}: is missing" for name in self.table.requires if name not in data]
        if "destination_dealer_id" in data:
            data["destination_dealer_id"] = self._coded(data["destination_dealer_id"], "destination_dealer_id")
        happened = self._value("time", self.table.time, moment)
        if happened is None and self.table.waits_for:
            self.errors.append(f"{self.origin['time']}: {self.table.waits_for}")
        event = {
            "specversion": "1.0",
            "id": self._id(),
            "source": self.envelope.get("source") or f"urn:doso:source:{self.delivery.source_id}",
            "type": kind,
            "time": happened or self.envelope.get("time") or self.delivery.at.isoformat(),
            "subject": self._value("subject", self.table.subject, text) or self.envelope.get("subject"),
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

    def _value(self, name: str, paths: tuple[str, ...], transform: Transform, first: tuple[str, ...] = ()) -> Any:
        if paths:
            self.origin[name] = self._path(paths[0])
        other = None
        for found in self._found(paths):
            self.origin[name] = found.where
            try:
                value = transform(found.value, self.zone)
            except ValueError as error:
                self.errors.append(f"{found.where}: {error}")
                return None
            if value in first or (value is not None and not first):
                return value
            other = other or value
        return other

    def _path(self, path: str) -> str:
        return first_name(path) if path.startswith("/") or not self.where else f"{self.where}.{first_name(path)}"

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
