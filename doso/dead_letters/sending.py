"""Sending letters again page by page: each page is one transaction, with its rows in the audit trail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from pydantic_core import from_json

from services.gateway.store.audit import write_audit
from shared.messaging.letters import Connection, DeadLetter, Place, read
from shared.messaging.replay import replay
from shared.postgres.pool import speak_json

PAGE = 200
OnPage = Callable[[Sequence[Place], Sequence[DeadLetter]], None]
REPLAYED = "dead_letters.replayed"


async def send_again(connection: Connection, wanted: Sequence[Place], *, by: str | None, on_page: OnPage) -> int:
    """Send letters again in the order given, or where nobody asks (``by``) only tell them; gives how many.

    A run that is cut off has sent whole pages; given again it goes on, since what was sent is no longer found.
    """
    await speak_json(connection)
    total = 0
    for start in range(0, len(wanted), PAGE):
        page = wanted[start : start + PAGE]
        letters = await read(connection, page)
        if by:
            async with connection.transaction():
                await replay(connection, letters, by)
                await _note(connection, letters, by)
        total += len(letters)
        on_page(page, letters)
    return total


async def _note(connection: Connection, letters: Sequence[DeadLetter], by: str) -> None:
    """Say in each tenant's trail what of theirs was sent again. What names no tenant of ours is in no trail."""
    theirs: dict[UUID, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for letter in letters:
        if tenant_id := tenant_of(letter):
            theirs[tenant_id][letter.service, letter.topic].append(str(letter.letter_id))
    # The operator's role may be one that row-level security binds, and looks at no schema by itself.
    literal = "{" + ",".join(map(str, theirs)) + "}"
    await connection.execute("SELECT set_config('app.tenants', $1, true)", literal)
    await connection.execute("SET LOCAL search_path TO gateway")
    rows = await connection.fetch(
        "SELECT tenant_id FROM tenant WHERE tenant_id = ANY($1::uuid[]) ORDER BY tenant_id", list(theirs)
    )
    for tenant_id in (row["tenant_id"] for row in rows):
        for (service, topic), ids in theirs[tenant_id].items():
            details = {"topic": topic, "letters": ids}
            await write_audit(connection, tenant_id, f"operator:{by}", REPLAYED, service, details)


def tenant_of(letter: DeadLetter) -> UUID | None:
    """Read whose event it says it is; a body that is none of ours may say anything, or nothing."""
    try:
        return UUID(from_json(letter.payload)["tenant_id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
