"""``doso keys``: the keys that sign access tokens, made and rotated."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doso.console import err, fail

if TYPE_CHECKING:
    from services.gateway.security import SigningKeys

keys = typer.Typer(
    name="keys", help="The keys that sign access tokens.", no_args_is_help=True, rich_markup_mode="markdown"
)
_FILE = typer.Option(help="Where the keys are; rewritten in place. Without it they come from the environment.")
_ENVIRONMENT = "DOSO_GATEWAY_SIGNING_KEY"


@keys.command()
def new() -> None:
    """Make a first key, a private Ed25519 JWK, and print it.

    Example: `doso keys new`.
    """
    from services.gateway.security import SigningKeys

    typer.echo(json.dumps(SigningKeys.new_key()))


@keys.command()
def rotate(
    file: Annotated[Path | None, _FILE] = None,
    announce: Annotated[
        bool, typer.Option(help="Only add the next key, so that every replica knows it before it signs.")
    ] = False,
    keep: Annotated[int, typer.Option(min=0, max=10, help="Earlier keys that still verify.")] = 1,
) -> None:
    """Have another key sign from now on; the one before still verifies what it signed.

    Writes the file, or reads DOSO_GATEWAY_SIGNING_KEY and prints the set that replaces it. With several replicas
    rotate in two steps, each rolled out: first with `--announce`, then without. Access tokens live for 15 minutes:
    an hour later `doso keys retire` may end the old key.

    Examples: `doso keys rotate --file .doso/signing-key.json`, `doso keys rotate --announce`.
    """
    known = _known(file)
    _keep(known.announce() if announce else known.rotate(keep), file)


@keys.command()
def retire(file: Annotated[Path | None, _FILE] = None) -> None:
    """Drop every key but the one that signs: tokens of the others are refused from then on.

    Example: `doso keys retire --file .doso/signing-key.json`.
    """
    _keep(_known(file).retire(), file)


def _known(file: Path | None) -> "SigningKeys":
    from services.gateway.security import SigningKeys

    try:
        text = file.read_text(encoding="utf-8") if file else os.environ.get(_ENVIRONMENT, "")
    except OSError as error:
        fail(f"{file} cannot be read: {error}")
    if not text:
        fail(f"no keys: pass --file, or set {_ENVIRONMENT}")
    try:
        return SigningKeys(text)
    except ValueError as error:
        fail(str(error))


def _keep(text: str, file: Path | None) -> None:
    if file is None:
        typer.echo(text)
        return
    from deploy.local.credentials import write_private

    write_private(file, text)
    err.print(f"written to {file}; the gateway reads it when it starts", soft_wrap=True)
