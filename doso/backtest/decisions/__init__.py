"""``doso backtest decisions``: what DOSO would have said each past month, against what happened."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from doso.client import ApiError, Client
from doso.console import err, fail, out


class Unit(StrEnum):
    """What an odometer counts where neither column nor cell says it."""

    MILES = "mi"
    KILOMETRES = "km"


def decisions(
    inventory: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The stock of today, in any feed's format.")
    ] = None,
    sales: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Sales of the last year or two, with dates.")
    ] = None,
    market: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Adverts of the market, with dates, if any.")
    ] = None,
    dealer: Annotated[str, typer.Option(help="The store in the files; without files, its id or name in DOSO.")] = "",
    months: Annotated[int, typer.Option(min=1, max=60, help="Months to replay, at most.")] = 12,
    as_of: Annotated[
        str, typer.Option(help="The day the files speak of, YYYY-MM-DD; else after the last sale.")
    ] = "",
    unit: Annotated[Unit, typer.Option(help="Odometer unit where the file has none.")] = Unit.MILES,
    data_dir: Annotated[Path, typer.Option(help="Where `doso up` keeps its credentials.")] = Path(".doso"),
    json_out: Annotated[Path | None, typer.Option("--json", help="Write every case and figure here.")] = None,
    png: Annotated[Path | None, typer.Option(help="Draw a picture here.")] = None,
) -> None:
    """Replay a store's own history, and set the advice of each month against what the store did.

    Each month's advice is made from what was known on its first day. Nobody saw what would have happened had it
    been followed, and the output says which figures are facts and which are the engine's claims.

    Examples:
    `doso backtest decisions --inventory stock.csv --sales sales.csv`

    `doso backtest decisions --inventory all.csv --sales deals.xlsx --dealer "Northside" --months 18 --json out.json`

    `doso backtest decisions --dealer "Northside" --png northside.png`  (from a running installation)
    """
    # The engine's imports take seconds that `--help` should not.
    from doso.backtest.decisions.reading import UnusableHistory, read_files
    from doso.backtest.decisions.replay import months_of, replay
    from doso.backtest.decisions.show import draw, show
    from doso.backtest.decisions.summary import summarise
    from services.recommend.domain import Parameters

    day = _day(as_of)
    try:
        if inventory is not None and sales is not None:
            history = read_files(inventory, sales, market, dealer=dealer or None, as_of=day, unit=unit.value)
        elif inventory is None and sales is None and dealer:
            history = _from_api(dealer, data_dir, day)
        else:
            fail("give both --inventory and --sales, or only --dealer for a store of a running installation")
    except (UnusableHistory, ApiError) as error:
        fail(str(error))
    chosen = months_of(history, months)
    if not chosen:
        fail("the sales go back less than five months: there is no month with a past to learn from")
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("months", total=len(chosen))
        played = replay(history, Parameters(), chosen, lambda done: progress.update(task, completed=done))
    figures = summarise(played)
    show(history, played, figures)
    if png is not None:
        draw(history, played, figures, png)
        out.print(f"\nPicture: {png}", highlight=False)
    if json_out is not None:
        json_out.write_text(json.dumps(_json(history, played, figures), indent=2, default=str), encoding="utf-8")


def _json(history: Any, played: Any, figures: dict[str, Any]) -> dict[str, Any]:
    return {"dealer": history.dealer, "as_of": history.as_of, "notes": history.notes, **figures, **asdict(played)}


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        fail(f"--as-of is a day such as 2026-03-31, not {written!r}")


def _from_api(dealer: str, data_dir: Path, as_of: date | None) -> Any:
    """Read a store's vehicles, those that left included, from a running installation."""
    from doso.backtest.decisions.lives import from_documents
    from doso.backtest.decisions.reading import History, check

    client = Client.from_credentials(data_dir / "credentials.json")
    dealers = client.request("GET", "/dealers")["items"]
    found = next((each for each in dealers if dealer in {each["id"], each["name"]}), None)
    if found is None:
        fail(f"no dealer {dealer!r}; there are: {', '.join(each['name'] for each in dealers) or 'none yet'}")
    documents = [
        document
        for status in ("in_stock", "sold", "wholesaled", "departed")
        for document in client.every("/inventory", dealer_id=found["id"], status=status)
    ]
    notes: list[str] = []
    lives = from_documents(documents)
    check(lives, f"the records of {found['name']}", notes)
    return History(found["name"], as_of or datetime.now(UTC).date(), tuple(lives), (), tuple(notes))
