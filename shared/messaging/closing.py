"""Closing Kafka's clients within seconds, whatever has become of them; cutting one loses nothing acknowledged."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from faststream.kafka.subscriber.usecase import LogicSubscriber

STOP_SECONDS = 12.0
"""For a subscriber to stop by itself: eight for the batch at hand, and the rest for leaving its group."""
CUT_SECONDS = 3.0
_STOPPED_SECONDS = 0.5

_log = structlog.stdlib.get_logger("doso.closing")


async def within(seconds: float, ending: Coroutine[Any, Any, None], what: str) -> bool:
    """Tell whether an ending came to its end in time; one that did not, or failed, is logged and left behind.

    It runs as a task of its own: aiokafka, while it closes, may take our cancellation for that of its own tasks.
    """
    task = asyncio.create_task(ending)
    try:
        _, running = await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()
    if running:
        _log.warning("not ended in time; cut off", what=what, seconds=seconds)
        await asyncio.wait([task], timeout=_STOPPED_SECONDS)
        return False
    if task.cancelled() or (error := task.exception()) is not None:
        _log.warning(
            "ended with an error; cut off", what=what, error="cancelled" if task.cancelled() else repr(error)
        )
        return False
    return True


async def stop_subscriber(subscriber: LogicSubscriber[Any]) -> None:
    """Stop a subscriber and its consumer; what it had not acknowledged is handed out again."""
    consumer, tasks = subscriber.consumer, list(subscriber.tasks)
    if not await within(STOP_SECONDS, subscriber.stop(), f"consumer {subscriber.group_id}"):
        for task in tasks:
            task.cancel()
        subscriber.tasks.clear()
        subscriber.consumer = None
        if consumer is not None:
            await _cut(consumer)


async def close_client(client: AIOKafkaClient) -> None:
    """Close a client's connections, also when its metadata task is dead, which would raise before any is closed."""
    task = client._sync_task  # noqa: SLF001
    if task is not None and task.done():
        client._sync_task = None  # noqa: SLF001
    await client.close()


async def _cut(consumer: AIOKafkaConsumer) -> None:
    # Stopping went from the coordinator to the fetcher to the client, and came to its end at one of them.
    coordinator = consumer._coordinator  # noqa: SLF001
    for name in ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task"):
        task = getattr(coordinator, name, None)
        if task is not None:
            task.cancel()
    if consumer._fetcher is not None:  # noqa: SLF001
        await within(CUT_SECONDS, consumer._fetcher.close(), "fetcher")  # noqa: SLF001
    await within(CUT_SECONDS, close_client(consumer._client), "client")  # noqa: SLF001
