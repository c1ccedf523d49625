"""The commands: list, show, replay."""

from __future__ import annotations

import getpass
import json
import time
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doso.console import err, fail, out
from doso.database import DsnOption, with_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shared.messaging.letters import Connection, DeadLetter, Place

app = typer.Typer(
    name="dead-letters",
    help="Events that a service could not handle and parked: look at them, and send them again once mended.",
    no_args_is_help=True,
)
DataDir = Annotated[Path, typer.Option(help="Of a running `doso up`, where no DSN is given.")]
Service = Annotated[str | None, typer.Option(help="Only what this service parked.")]
TopicName = Annotated[str | None, typer.Option("--topic", help="Only of this topic.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_EMBEDDED = Path(".doso")
_NOT_TOLD = {"headers", "payload", "place", "whole_key"}
_BAR_AFTER_SECONDS = 2.0


@app.command("list")
def list_letters(
    *,
    service: Service = None,
    topic: TopicName = None,
    replayed: Annotated[bool, typer.Option("--replayed", help="Also those that were sent again.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
    as_json: AsJson = False,
    dsn: DsnOption = "",
    data_dir: DataDir = _EMBEDDED,
) -> None:
    """List dead letters, newest first.

    Examples: `doso dead-letters list` or `doso dead-letters list --service inventory --json`.
    """
    from shared.messaging.letters import dead_letters, held

    async def look(connection: Connection) -> tuple[list[DeadLetter], int]:
        total = await held(connection, service=service, topic=topic, replayed=replayed)
        return await dead_letters(connection, service=service, topic=topic, replayed=replayed, limit=limit), total

    _refuse_unknown(service, topic)
    letters, total = with_database(dsn, data_dir, look)
    if total > len(letters):
        err.print(f"The newest {len(letters)} of {total}: --limit shows more.")
    if as_json:
        out.print_json(json.dumps([_summary(letter) for letter in letters], default=str))
        return
    if not letters:
        out.print("No dead letters.")
        return
    from rich.table import Table

    table = Table("id", "parked", "service", "topic", "what was wrong", show_lines=False)
    for letter in letters:
        again = (
            f" (sent again {letter.replayed_at:%Y-%m-%d %H:%M} by {letter.replayed_by})" if letter.replayed_at else ""
        )
        reason = f"{letter.error_class}: {letter.error}{again}"
        table.add_row(
            str(letter.letter_id), f"{letter.parked_at:%Y-%m-%d %H:%M:%S}", letter.service, letter.topic, reason
        )
    out.print(table)


@app.command("show")
def show_letter(
    letter: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    dsn: DsnOption = "",
    data_dir: DataDir = _EMBEDDED,
) -> None:
    """Show one dead letter with its headers and its bytes, as JSON; bytes that are no text come as escapes.

    Example: `doso dead-letters show 6f1c`.
    """
    from shared.messaging.letters import places, read

    async def look(connection: Connection) -> list[DeadLetter]:
        return await read(connection, _named(await places(connection, replayed=True), [letter]))

    for found in with_database(dsn, data_dir, look):
        _show(found)


def _show(found: DeadLetter) -> None:
    body = found.payload.decode("utf-8", "backslashreplace")
    out.print_json(json.dumps({**_summary(found), "headers": found.headers, "payload": body}, default=str))


@app.command("replay")
def replay_letters(
    letters: Annotated[list[str] | None, typer.Argument(help="Ids, or beginnings of ids.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that the filters leave, the oldest first.")] = False,
    service: Service = None,
    topic: TopicName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    by: Annotated[str, typer.Option(help="Who is asking, for the audit trail.")] = "",
    dsn: DsnOption = "",
    data_dir: DataDir = _EMBEDDED,
) -> None:
    """Publish dead letters again, under the same event ids: whoever handled an event before will not do so twice.

    What still cannot be handled comes back as a new dead letter.

    Examples: `doso dead-letters replay 6f1c --dry-run` or `doso dead-letters replay --all --service inventory`.
    """
    if bool(letters) == everything:
        fail("say which: ids, or --all (with --service or --topic to narrow it)")
    _refuse_unknown(service, topic)
    from doso.dead_letters.sending import send_again
    from shared.messaging.letters import places

    who = None if dry_run else by or getpass.getuser()

    async def send(connection: Connection) -> int:
        found = await places(connection, service=service, topic=topic)
        if not everything:
            await _refuse_replayed(connection, found, letters or [])
        chosen = found if everything else _named(found, letters or [])
        with _bar(len(chosen)) as advance:
            return await send_again(connection, chosen, by=who, on_page=partial(_told, advance))

    sent = with_database(dsn, data_dir, send)
    if dry_run:
        out.print(f"{sent} would be sent again; nothing was changed.")
    else:
        out.print(
            f"{sent} sent again; what comes back is in `doso dead-letters list`, and kept from its first parking on."
        )


def _told(advance: Callable[[int], None], page: Sequence[Place], letters: Sequence[DeadLetter]) -> None:
    for letter in letters:
        out.print(f"{letter.letter_id} {letter.service} {letter.topic}: {letter.error_class}", highlight=False)
    advance(len(page))


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """Show how far it has come where it takes longer than two seconds."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=err, transient=True)
    task = progress.add_task("sending again", total=total)
    began = time.monotonic()

    def advance(count: int) -> None:
        progress.update(task, advance=count)
        if time.monotonic() - began > _BAR_AFTER_SECONDS:
            progress.start()

    try:
        yield advance
    finally:
        if progress.live.is_started:
            progress.stop()


def _refuse_unknown(service: str | None, topic: str | None) -> None:
    """Say which there are: that a service which nobody knows parked nothing would put people at ease."""
    from shared.events.topics import TOPICS
    from shared.messaging.letters import parking_services

    for what, given, known in (("service", service, parking_services()), ("topic", topic, sorted(TOPICS))):
        if given is not None and given not in known:
            fail(f"no {what} {given!r}; there are: {', '.join(known)}")


async def _refuse_replayed(connection: Connection, waiting: Sequence[Place], names: Sequence[str]) -> None:
    """Say of a letter that was sent again that it was, instead of that there is none."""
    from shared.messaging.letters import places, read

    unknown = [name for name in names if not any(str(place.letter_id).startswith(name) for place in waiting)]
    everyone = await places(connection, replayed=True) if unknown else []
    for name in unknown:
        for letter in await read(connection, [place for place in everyone if str(place.letter_id).startswith(name)]):
            fail(f"{letter.letter_id} was sent again at {letter.replayed_at:%Y-%m-%d %H:%M} by {letter.replayed_by}")


def _named(found: Sequence[Place], names: Sequence[str]) -> list[Place]:
    chosen = []
    by_id = {str(place.letter_id): place for place in found}
    for name in names:
        matching = [place for letter_id, place in by_id.items() if letter_id.startswith(name)]
        if len(matching) != 1:
            fail(f"{len(matching)} dead letters have an id that begins with {name!r}: see `doso dead-letters list`")
        chosen += matching
    return sorted(set(chosen), key=lambda place: place.parked_at)


def _summary(letter: DeadLetter) -> dict[str, Any]:
    return {name: value for name, value in asdict(letter).items() if name not in _NOT_TOLD}
