"""The chain that makes an audit trail tell of its own changes.

Each row of a tenant carries the hash of the row before it, and the SHA-256 of its own content together with
that. Rows are numbered without gaps. So a row that was changed, taken out, put in or moved breaks the chain at
its place; only what was cut off at the end needs a head that somebody noted earlier.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

GENESIS = "0" * 64
"""What the first row of a tenant names as the hash before it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a trail, with its place in the chain."""

    tenant_id: UUID
    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]
    client: str | None
    request_id: str | None
    previous: str

    def digest(self) -> str:
        """Hash this row's content and the hash before it; 64 hexadecimal digits."""
        return hashlib.sha256(self._canonical()).hexdigest()

    def _canonical(self) -> bytes:
        # A list, so that no value can pass for another's; ASCII with sorted names, so that it is written one way.
        content = [
            "doso-audit-1", str(self.tenant_id), self.seq, self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            self.actor, self.action, self.subject, self.details, self.client, self.request_id, self.previous,
        ]  # fmt: skip
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def plain(value: Any) -> Any:
    """Give a value as JSON keeps it through any storage: whole numbers stay, other numbers become text.

    NUL and lone surrogates, which PostgreSQL refuses, become U+FFFD.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {plain(str(name)): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return "".join("\ufffd" if each == "\x00" or "\ud800" <= each <= "\udfff" else each for each in str(value))


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain stops holding, and why."""

    seq: int
    reason: str


@dataclass(slots=True)
class Chain:
    """The check of one tenant's rows, given in order; it stops at the first that does not hold.

    ``first`` is the number the first row has to have: 1, unless a part is checked.
    """

    tenant_id: UUID
    first: int = 1
    rows: int = 0
    head: str = GENESIS
    broken: Break | None = None

    def add(self, entry: Entry, stored: str) -> None:
        """Check the next row against the hash that was stored with it."""
        self.rows += 1
        if self.broken is not None:
            return
        expected = self.first + self.rows - 1
        reason = self._wrong(entry, stored, expected)
        if reason is not None:
            self.broken = Break(min(entry.seq, expected), reason)
            return
        self.head = stored

    def _wrong(self, entry: Entry, stored: str, expected: int) -> str | None:
        if entry.tenant_id != self.tenant_id:
            return f"the row belongs to tenant {entry.tenant_id}"
        if entry.seq > expected:
            last = f" to {entry.seq - 1}" if entry.seq - 1 > expected else ""
            return f"row {expected}{last} is missing: the next one there is {entry.seq}"
        if entry.seq < expected:
            return f"row {entry.seq} stands where row {expected} should: it is there twice, or rows were moved"
        begins = self.rows == 1 and self.first > 1
        if not begins and entry.previous != self.head:
            return "it does not follow the row before it: it names another hash as the one before"
        if entry.digest() != stored:
            return "its content does not fit its hash: it was changed after it was written"
        return None
