"""``doso dead-letters``: what could not be handled, and sending it again."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doso.console import fail, out
from doso.database import DsnOption, with_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.messaging.letters import DeadLetter

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
    letters = _load(dsn, data_dir, service=service, topic=topic, replayed=replayed, limit=limit)
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
    found = _named(_load(dsn, data_dir, replayed=True), [letter])[0]
    body = found.payload.decode("utf-8", "backslashreplace")
    out.print_json(json.dumps({**_summary(found), "headers": found.headers, "payload": body}, default=str))


@app.command("replay")
def replay_letters(
    letters: Annotated[list[str] | None, typer.Argument(help="Ids, or beginnings of ids.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that the filters leave.")] = False,
    service: Service = None,
    topic: TopicName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    by: Annotated[str, typer.Option(help="Who is asking, for the record.")] = "",
    dsn: DsnOption = "",
    data_dir: DataDir = _EMBEDDED,
) -> None:
    """Publish dead letters again, under the same event ids: whoever handled an event before will not do so twice.

    What still cannot be handled comes back as a new dead letter.

    Examples: `doso dead-letters replay 6f1c --dry-run` or `doso dead-letters replay --all --service inventory`.
    """
    if bool(letters) == everything:
        fail("say which: ids, or --all (with --service or --topic to narrow it)")
    found = _load(dsn, data_dir, service=service, topic=topic)
    chosen = found if everything else _named(found, letters or [])
    for letter in chosen:
        out.print(f"{letter.letter_id} {letter.service} {letter.topic}: {letter.error_class}", highlight=False)
    if dry_run:
        out.print(f"{len(chosen)} would be sent again; nothing was changed.")
        return
    from shared.messaging.replay import replay

    with_database(dsn, data_dir, lambda connection: replay(connection, chosen, by or getpass.getuser()))
    out.print(f"{len(chosen)} sent again; see `doso dead-letters list` for what comes back.")


def _load(dsn: str, data_dir: Path, **filters: Any) -> list[DeadLetter]:
    from shared.messaging.letters import dead_letters

    return with_database(dsn, data_dir, lambda connection: dead_letters(connection, **filters))


def _named(letters: Sequence[DeadLetter], names: Sequence[str]) -> list[DeadLetter]:
    chosen = []
    for name in names:
        matching = [letter for letter in letters if str(letter.letter_id).startswith(name)]
        if len(matching) != 1:
            fail(f"{len(matching)} dead letters have an id that begins with {name!r}: see `doso dead-letters list`")
        chosen += matching
    return chosen


def _summary(letter: DeadLetter) -> dict[str, Any]:
    return {name: value for name, value in asdict(letter).items() if name not in ("headers", "payload")}
