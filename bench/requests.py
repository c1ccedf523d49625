"""Requests a second at the gateway, beside a server that does nothing."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import asyncpg

from bench.connection import Connection, Request
from bench.database_limits import database_limits
from bench.group import load_sample_group
from bench.load import priced
from bench.noop import running_noop
from bench.replay import NDJSON
from bench.request_loops import Throughput, closed_loop
from bench.statistics import latencies, spread
from bench.system import System, running_system
from bench.tables import Limit, Mark, Row, Table, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.options import Options
    from bench.progress import Steps

CONNECTIONS = 32
WINDOW_SECONDS = 5.0
BULK = 1000
BULK_CONNECTIONS = 4
BULK_REQUESTS = 24
"""So many that their rate can be told, so few that the pipeline works them off in a minute."""

_POST = "/api/v1/dms/events"
_ONE_OF_NOOP = 0.45
_ONE_OF_UNNEST = 0.65


async def measure(options: Options, steps: Steps) -> Table:
    """Load the gateway of a system that holds the sample group, one kind of request after another."""
    table = Table("requests", f"Gateway under {CONNECTIONS} connections that never pause")
    window = options.window(WINDOW_SECONDS)
    broker = options.brokers[0]
    async with running_system(options.folder / "requests", broker, steps) as system, running_noop() as noop:
        await load_sample_group(system, steps)
        vehicles = await _vehicles(system)
        signed_in = {"authorization": f"Bearer {await _token(system)}"}
        nothing = Request("GET", "/")
        kinds: dict[str, Iterator[Request]] = {
            "GET /health": itertools.repeat(Request("GET", "/health")),
            "GET /recommendations?limit=50": itertools.repeat(
                Request("GET", "/api/v1/recommendations?limit=50", signed_in)
            ),
            "GET /inventory?limit=100": itertools.repeat(Request("GET", "/api/v1/inventory?limit=100", signed_in)),
            "POST one event": _single(system, vehicles),
        }
        limits: dict[str, Iterator[Request]] = {
            "noop GET": itertools.repeat(nothing),
            "noop POST": itertools.repeat(Request("POST", "/", {}, next(_single(system, vehicles)).body)),
        }
        runs: dict[str, list[Throughput]] = {name: [] for name in (*limits, *kinds)}
        for _ in range(options.repeats):
            for name, requests in (*limits.items(), *kinds.items()):
                runs[name].append(await _loop(noop if name in limits else system.url, name, requests, window, steps))
            await system.idle(steps)
        gets, posts = (_limit(name, runs[name]) for name in limits)
        table.rows += [_row(name, runs[name], posts if name.startswith("POST") else gets) for name in kinds]
        table.rows.append(await _bulk(system, vehicles, options.repeats, window, steps))
    table.notes += [
        f"{window:g} s each; the client is another process on the same cores; {broker} broker",
        (
            "limits: an ASGI application that does nothing, under the same server settings, and the outbox's own"
            " statement with 500 rows a transaction on one connection"
        ),
        "POST is answered when the event is durable; consuming goes on meanwhile and takes its share",
    ]
    return table


async def _loop(url: str, name: str, requests: Iterator[Request], seconds: float, steps: Steps) -> Throughput:
    with steps.step(name):
        return await closed_loop(url, requests, connections=CONNECTIONS, seconds=seconds)


async def _bulk(
    system: System, vehicles: Sequence[tuple[str, str]], repeats: int, seconds: float, steps: Steps
) -> Row:
    """Post NDJSON of a thousand events, made up front, in events a second."""
    single = _single(system, vehicles, source="bulk")
    payloads = [next(single).body for _ in range(BULK * 20)]
    _, unnest = await database_limits(system.dsn, payloads, repeats, steps)
    headers = {"content-type": NDJSON, "x-api-key": system.api_key}
    runs = []
    for _ in range(repeats):
        with steps.step("writing the bodies"):
            bodies = [b"\n".join(next(single).body for _ in range(BULK)) for _ in range(BULK_REQUESTS)]
        requests = (Request("POST", _POST, headers, body, BULK) for body in bodies)
        with steps.step(f"POST NDJSON ×{BULK}"):
            runs.append(await closed_loop(system.url, requests, connections=BULK_CONNECTIONS, seconds=seconds))
        await system.idle(steps)
    figure = spread([run.units_per_second for run in runs])
    mark = Mark("at least", _ONE_OF_UNNEST * unnest.value.median, f"≥ {_ONE_OF_UNNEST}× unnest")
    name = f"POST NDJSON ×{BULK}, {BULK_CONNECTIONS} connections"
    return Row(name, "events/s", figure, (unnest,), mark, _detail(runs))


def _row(name: str, runs: Sequence[Throughput], limit: Limit) -> Row:
    mark = None
    if name.startswith("POST"):
        mark = Mark("at least", _ONE_OF_NOOP * limit.value.median, f"≥ {_ONE_OF_NOOP}× noop")
    figure = spread([run.units_per_second for run in runs])
    return Row(name, "requests/s", figure, (limit,), mark, _detail(runs))


def _limit(name: str, runs: Sequence[Throughput]) -> Limit:
    return Limit(name, spread([run.units_per_second for run in runs]))


def _detail(runs: Sequence[Throughput]) -> str:
    took = latencies([seconds for run in runs for seconds in run.took])
    return f"answer p50 {shown(took.p50 * 1e3)} ms, p99 {shown(took.p99 * 1e3)} ms"


def _single(system: System, vehicles: Sequence[tuple[str, str]], source: str = "single") -> Iterator[Request]:
    """Make POSTs of one new price each, going round the vehicles."""
    headers = {"content-type": "application/json", "x-api-key": system.api_key}
    for number in itertools.count():
        dealer_id, vin = vehicles[number % len(vehicles)]
        event = priced(
            dealer_id,
            vin,
            f"{15_000 + number % 9_000}.00",
            source=f"urn:dms:bench:{source}",
            number=number,
            at=datetime.now(UTC),
        )
        yield Request("POST", _POST, headers, json.dumps(event).encode())


async def _token(system: System) -> str:
    form = urlencode({"username": system.username, "password": system.password}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    async with Connection(system.url) as connection:
        answer = json.loads(await connection.send(Request("POST", "/api/v1/auth/token", headers, form)))
    return str(answer["access_token"])


async def _vehicles(system: System) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(system.dsn)
    try:
        rows = await connection.fetch(
            "SELECT dealer_id, vehicle_key FROM gateway.vehicle WHERE status = 'in_stock' AND list_price IS NOT NULL"
        )
    finally:
        await connection.close()
    return [(str(row["dealer_id"]), row["vehicle_key"]) for row in rows]
