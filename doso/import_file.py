"""``doso import``: a file into a running system, through its REST API."""

import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from doso.client import ApiError, Client
from doso.console import fail, out


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, TSV, XLSX, JSON or Parquet.")],
    kind: Annotated[str, typer.Option(help="inventory, sales or market.")],
    dealer: Annotated[str, typer.Option(help="The rooftop's id or name.")],
    mode: Annotated[str, typer.Option(help="snapshot (what is absent has left) or delta.")] = "snapshot",
    mapping: Annotated[str, typer.Option(help='JSON such as {"My Price": "list_price"}.')] = "",
    as_of: Annotated[str, typer.Option(help="The day the file speaks of, YYYY-MM-DD.")] = "",
    by_store: Annotated[
        bool,
        typer.Option(help="Rows go to the rooftop that their store column names; --dealer takes those without one."),
    ] = False,
    confirm: Annotated[bool, typer.Option(help="Accept a snapshot that lacks over 30 % of the stock.")] = False,
    data_dir: Annotated[Path, typer.Option(help="Where `doso up` keeps its credentials.")] = Path(".doso"),
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the result here too.")] = None,
) -> None:
    """Import a file into a running system and say what became of its rows.

    Examples: `doso import stock.csv --kind inventory --dealer "Northside"`,
    `doso import sales.xlsx --kind sales --dealer 2f6c… --mode delta`,
    `doso import group.csv --kind inventory --dealer "Northside" --by-store`.
    """
    if kind not in {"inventory", "sales", "market"}:
        fail(f"--kind is inventory, sales or market, not {kind!r}")
    form = {
        "mode": mode,
        "mapping": mapping or None,
        "as_of": as_of or None,
        "by_store": str(by_store).lower(),
        "confirm": str(confirm).lower(),
    }
    try:
        client = Client.from_credentials(data_dir / "credentials.json")
        import_id = client.start_import(
            kind, file, _dealer_id(client, dealer), **{name: value for name, value in form.items() if value}
        )
        status = watch(client, kind, import_id, file.name)
    except ApiError as error:
        fail(str(error))
    except httpx.HTTPError as error:
        fail(
            f"the system of {data_dir} did not answer ({error}): is its `doso up` running? A file it took goes on"
            " by itself when it runs again; where you cannot tell, give the same command again, which repeats nothing"
        )
    if json_out:
        json_out.write_text(json.dumps(status, indent=2), encoding="utf-8")
    show(status)
    if status["status"] == "failed":
        fail(status["error"])


def watch(client: Client, kind: str, import_id: str, name: str) -> dict[str, Any]:
    """Show a bar while an import runs."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(name, total=None)

        def report(status: dict[str, Any]) -> None:
            progress.update(task, description=f"{name}: {status['rows']} rows read")

        return client.follow_import(kind, import_id, report)


def show(status: dict[str, Any]) -> None:
    """Print what became of a file's rows."""
    taken, refused = (f"{status['accepted']} accepted", "green"), (f"{status['rejected']} rejected", "red")
    out.print(Text.assemble((status["filename"], "bold"), f": {status['rows']} rows, ", taken, ", ", refused))
    used = {column: field for column, field in status["mapping"].items() if field}
    read = ", ".join(f"{column} → {field}" for column, field in used.items())
    out.print(Text.assemble(("columns:", "dim"), " ", read))
    for note in status["notes"]:
        out.print(note, style="yellow")
    for warning in status["warnings"]:
        out.print(Text.assemble((f"{warning['count']} ×", "yellow"), " ", warning["kind"]))
    if status["errors"]:
        table = Table("line", "field", "reason", title="rejected rows (the first ten)", title_justify="left")
        for error in status["errors"][:10]:
            table.add_row(str(error["line"]), error["field"], error["reason"])
        out.print(table)


def _dealer_id(client: Client, wanted: str) -> str:
    dealers = client.request("GET", "/dealers")["items"]
    found = next((dealer for dealer in dealers if wanted in {dealer["id"], dealer["name"]}), None)
    if found is not None:
        return str(found["id"])
    names = ", ".join(dealer["name"] for dealer in dealers) or "none yet; create one with POST /api/v1/dealers"
    fail(f"no dealer {wanted!r}; there are: {names}")
