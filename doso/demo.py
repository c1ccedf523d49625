"""``doso demo``: a dealer group through the whole loop, by the public REST API only."""

import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doso.console import fail
from doso.up import choose_broker

if TYPE_CHECKING:
    from doso.replay import Load


def demo(
    inventory: Annotated[Path | None, typer.Option(help="Your own inventory file.", exists=True)] = None,
    sales: Annotated[Path | None, typer.Option(help="Your own sales file.", exists=True)] = None,
    market: Annotated[Path | None, typer.Option(help="Your own market listings.", exists=True)] = None,
    dealer: Annotated[str, typer.Option(help="The rooftop's name.")] = "My dealership",
    currency: Annotated[str, typer.Option(help="ISO 4217, such as USD.")] = "USD",
    broker: Annotated[str, typer.Option(help="memory, apache or auto.")] = "memory",
    seed: Annotated[int, typer.Option(help="Seed of the generated group.")] = 7,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write everything here as JSON.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the API up until Ctrl-C.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Keep the state here; a temporary folder if absent.")] = None,
) -> None:
    """Run a dealer group through the whole loop and print what it should do, in dollars.

    Without files a generated sample group of three rooftops is used.

    Examples: `doso demo`, `doso demo --keep`,
    `doso demo --inventory stock.csv --sales sales.csv --market listings.csv --dealer "Northside"`.
    """
    import httpx
    import uvloop

    from deploy.local.servers import ServerError
    from deploy.local.settings import LocalSettings
    from doso.client import ApiError
    from doso.replay import Load, replay

    with ExitStack() as stack:
        folder = data_dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doso-demo-")))
        if inventory or sales or market:
            if inventory is None:
                fail("give at least --inventory; --sales and --market make the advice better")
            files = {"inventory": inventory, **({"sales": sales} if sales else {})}
            load = Load(dealer, currency, "local", "UTC", [(dealer, files)], market)
        else:
            load = _sample(folder / "sample", seed)
        settings = LocalSettings(
            data_dir=(folder / "state").absolute(), broker=choose_broker(broker), tenant_name=load.title
        )
        try:
            result = uvloop.run(replay(settings, load, generated=inventory is None, keep=keep, json_out=json_out))
        except (ServerError, ApiError, httpx.HTTPError, OSError) as error:
            fail(str(error))
    if result.problems:
        fail("not every stage produced what it should: " + "; ".join(result.problems))


def _sample(folder: Path, seed: int) -> "Load":
    from doso.replay import Load
    from doso.sample_group import write_sample_group

    group = write_sample_group(folder, seed, datetime.now(UTC).date())
    rooftops = [
        (store.name, {"inventory": store.inventory_file, "sales": store.sales_file}) for store in group.stores
    ]
    return Load(group.name, group.currency, group.region, group.timezone, rooftops, group.market_file)
