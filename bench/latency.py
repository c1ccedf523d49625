"""From an event to what people see, at a steady 50 events a second whatever the system does."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import asyncpg

from bench.connection import Connection, Request
from bench.group import load_sample_group
from bench.prices import read_prices
from bench.request_loops import open_loop
from bench.stalls import longest_stall, own_pulse, stall_buckets
from bench.statistics import Latencies, Spread, latencies
from bench.system import System, running_system
from bench.tables import Limit, Mark, Row, Table, once, shown
from bench.watching import Watch, watch_advice, watch_prices

if TYPE_CHECKING:
    from bench.options import Options
    from bench.progress import Steps
    from deploy.local.settings import BrokerChoice

EVENTS_PER_SECOND = 50.0
WINDOW_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
EVENTS_PER_PROBE = 75
"""One event in 75 is a price cut that somebody was advised to make."""

VISIBLE, ADVICE, STALL = Mark("below", 1_000.0), Mark("below", 5_000.0), Mark("below", 100.001, "≤ 100")
"""Milliseconds."""


async def measure(options: Options, steps: Steps) -> Table:
    """Send prices on a schedule to a system that holds the sample group, and watch its read model."""
    window = options.window(WINDOW_SECONDS)
    table = Table("latency", f"Latency at {EVENTS_PER_SECOND:g} events/s for {window:g} s, open loop")
    for broker in options.brokers:
        async with running_system(options.folder / f"latency-{broker}", broker, steps) as system:
            await load_sample_group(system, steps)
            table.rows += await _run(system, broker, window, steps)
    table.notes += [
        "each event is a POST of its own, timed from when its schedule says; ranges are over thirds of the run",
        "visible: the new price stands in the table that GET /inventory reads, looked up by VIN every 5 ms",
        (
            "advice: a price is cut as advised, and the advice that asked for it is no longer listed as issued,"
            " looked up every 50 ms; reviews wait for a burst to end, at most 2.5 s"
        ),
        (
            "stall: upper bound of the highest bucket that the gateway's metrics filled meanwhile; all services"
            " share that event loop. Its limit is the longest stall of the loop that sends the load"
        ),
    ]
    return table


async def _run(system: System, broker: BrokerChoice, window: float, steps: Steps) -> list[Row]:
    count = int(window * EVENTS_PER_SECOND)
    watch = Watch()
    async with AsyncExitStack() as stack:
        eyes = []
        for _ in range(2):
            eye = await asyncpg.connect(system.dsn)
            stack.push_async_callback(eye.close)
            eyes.append(eye)
        prices = await read_prices(eyes[0], system.api_key)
        pulse = await stack.enter_async_context(own_pulse())
        metrics = await stack.enter_async_context(Connection(system.url))
        before = stall_buckets((await metrics.send(Request("GET", "/metrics"))).decode())
        tasks = [asyncio.create_task(look) for look in (watch_prices(watch, eyes[0]), watch_advice(watch, eyes[1]))]
        stack.push_async_callback(_end, tasks)
        with steps.step(f"{count} events ({broker} broker)", total=count) as advance:

            def request_of(number: int, due: float) -> Request:
                advance(number + 1)
                probe = number % EVENTS_PER_PROBE == EVENTS_PER_PROBE // 2
                return prices.probe(watch, number, due) if probe else prices.plain(watch, number, due)

            answered = await open_loop(system.url, request_of, per_second=EVENTS_PER_SECOND, count=count)
        await _patience(watch, tasks, steps)
        after = stall_buckets((await metrics.send(Request("GET", "/metrics"))).decode())
    lost = watch.waiting
    rows = _latency_rows(broker, answered, watch)
    stall = 1e3 * longest_stall(before, after)
    own = Limit("own loop", once(1e3 * pulse.longest))
    rows.append(Row(f"{broker} broker: event loop's longest stall", "ms", once(stall), (own,), STALL))
    if lost:
        gone = f"{sum(map(len, watch.prices.values()))} prices and {len(watch.advice)} pieces of advice"
        never = Mark("below", 1.0, "none")
        rows.append(Row(f"{broker} broker: never seen", "events", once(lost), (), never, gone))
    return rows


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)  # errors were raised while we waited for what they see


async def _patience(watch: Watch, tasks: list[asyncio.Task[None]], steps: Steps) -> None:
    """Give the last events a minute to arrive; an error of what watches is raised here."""
    with steps.step("waiting for the last of them"):
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while watch.waiting and asyncio.get_running_loop().time() < deadline:
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.05)


def _latency_rows(broker: str, answered: list[float], watch: Watch) -> list[Row]:
    post, visible = latencies(answered), latencies(watch.price_seconds)
    advice = latencies(watch.advice_seconds)
    durable = Limit("POST answered, p99", once(1e3 * post.p99))
    ends = Counter(watch.endings).most_common(3)
    because = ", ".join(f"{count} {what}" for what, count in ends)
    seen = Limit("price visible, p99", once(1e3 * visible.p99))
    return [
        Row(f"{broker} broker: POST answered, p99", "ms", _thirds(answered), detail=_detail(post)),
        Row(
            f"{broker} broker: price visible, p99",
            "ms",
            _thirds(watch.price_seconds),
            (durable,),
            VISIBLE,
            _detail(visible),
        ),
        Row(
            f"{broker} broker: advice changed, p99",
            "ms",
            _thirds(watch.advice_seconds),
            (seen,),
            ADVICE,
            f"{_detail(advice)}; {because}",
        ),
    ]


def _detail(what: Latencies) -> str:
    return f"p50 {shown(1e3 * what.p50)}, max {shown(1e3 * what.longest)} ms, n={what.count}"


def _thirds(seconds: list[float]) -> Spread:
    """Give the 99th percentile in milliseconds, and its range over the thirds of the run."""
    size = max(1, len(seconds) // 3)
    parts = [seconds[start : start + size] for start in range(0, size * 3, size) if seconds[start : start + size]]
    figures = [1e3 * latencies(part).p99 for part in parts]
    return Spread(1e3 * latencies(seconds).p99, min(figures), max(figures), len(figures))
