"""The dealer group that is loaded: bare rooftops, or the sample group with its stock, sales and market."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from doso.client import Client
from doso.sample_group import write_sample_group

if TYPE_CHECKING:
    from bench.progress import Steps
    from bench.system import System


def create_rooftops(system: System, count: int) -> list[str]:
    """Create ``count`` rooftops in one market; gives their ids."""
    client = Client.from_credentials(system.credentials)
    return [client.dealer(f"Rooftop {number + 1}", "USD", "US-MI", "America/Detroit") for number in range(count)]


async def load_sample_group(system: System, steps: Steps, seed: int = 7) -> None:
    """Import the sample group through the REST API and wait until its advice stands.

    Raises RuntimeError with the reason when an import fails.
    """
    today = datetime.now(UTC).date()
    group = await asyncio.to_thread(write_sample_group, system.data_dir / "sample", seed, today)
    client = await asyncio.to_thread(Client.from_credentials, system.credentials)
    files = [(store.name, kind, path) for store in group.stores
             for kind, path in (("sales", store.sales_file), ("inventory", store.inventory_file))]  # fmt: skip
    files.append((group.stores[0].name, "market", group.market_file))
    with steps.step("importing the sample group", total=len(files)) as advance:
        for done, (store, kind, path) in enumerate(files):
            place = (group.currency, group.region, group.timezone)
            dealer_id = await asyncio.to_thread(client.dealer, store, *place)
            import_id = await asyncio.to_thread(client.start_import, kind, path, dealer_id)
            status = await asyncio.to_thread(client.follow_import, kind, import_id, lambda _: None)
            if status["status"] != "done":
                message = f"the import of {path.name} failed: {status['error']}"
                raise RuntimeError(message)
            advance(done + 1)
    await system.idle(steps)
