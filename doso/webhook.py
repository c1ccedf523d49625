"""``doso webhook``: a vendor's way to try a delivery."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from doso.console import fail, out

webhook = typer.Typer(name="webhook", help="Push events as a DMS does.", no_args_is_help=True)


@webhook.callback()
def group() -> None:
    """Keep ``send`` a subcommand."""


@webhook.command("send")
def send(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The body: JSON, or NDJSON.")],
    source: Annotated[str, typer.Option(help="The source's id, src….")],
    secret: Annotated[str, typer.Option(envvar="DOSO_WEBHOOK_SECRET", help="Its secret, whsec_….")],
    url: Annotated[str, typer.Option(help="Where the API is.")] = "http://127.0.0.1:8000",
    delivery: Annotated[str, typer.Option("--id", help="The webhook-id; the same again is a repetition.")] = "",
    content_type: Annotated[str, typer.Option(help="What the body is; by default told by the file's name.")] = "",
) -> None:
    """Sign a file as Standard Webhooks says, send it, and say what became of its events.

    Examples: `doso webhook send sale.json --source src1f… --secret whsec_…`,
    `DOSO_WEBHOOK_SECRET=whsec_… doso webhook send stock.ndjson --source src1f… --url https://doso.example`.
    """
    import httpx

    from services.gateway.signing import key_of, sign

    body, now, name = file.read_bytes(), datetime.now(UTC), delivery or f"msg_{uuid4().hex}"
    try:
        signature = sign(name, now, body, key_of(secret))
    except ValueError:
        fail("--secret is no secret of a source: it starts with whsec_ and is shown when a source is made")
    headers = {
        "content-type": content_type or _type_of(file),
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    try:
        answer = httpx.post(f"{url}/api/v1/dms/webhooks/{source}", content=body, headers=headers, timeout=60)
    except httpx.HTTPError as error:
        fail(f"{url} did not answer: {error}")
    if not answer.is_success:
        fail(f"{answer.status_code}: {answer.text}")
    out.print_json(json.dumps({"webhook-id": name, **answer.json()}))


def _type_of(file: Path) -> str:
    return "application/x-ndjson" if file.suffix in {".ndjson", ".jsonl"} else "application/json"
