"""A service ends its loops before it closes what they work with."""

from __future__ import annotations

import asyncio

import pytest

from shared.messaging import EventRouter, Service, create_service
from shared.observability import TelemetrySettings, observe


class Tool:
    """What a loop works with, which tells what became of it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.in_use = asyncio.Event()

    async def use(self) -> None:
        self.in_use.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.told.append("let go")

    async def close(self) -> None:
        self.told.append("closed")


@pytest.mark.parametrize("opened_first", [True, False])
async def test_what_a_loop_works_with_is_closed_after_it(probe, opened_first: bool) -> None:
    tool = Tool()

    async def build(service: Service) -> None:
        if opened_first:
            service.stack.push_async_callback(tool.close)
        service.run(tool.use)
        if not opened_first:
            service.stack.push_async_callback(tool.close)

    app = create_service(
        probe.service,
        EventRouter(probe.service),
        postgres=probe.postgres,
        kafka=probe.kafka,
        telemetry=observe(probe.service, TelemetrySettings(log_level="ERROR")),
        build=build,
    )
    async with app.start_lifespan_context():
        await asyncio.wait_for(tool.in_use.wait(), 30)
    assert tool.told == ["let go", "closed"]
