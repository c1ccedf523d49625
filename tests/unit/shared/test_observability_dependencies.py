"""What a service is ready with: each dependency that it cannot do without answers in time."""

import asyncio
from typing import Any

from shared.observability import Health


async def answers() -> str:
    return "PostgreSQL 18"


async def refuses() -> None:
    message = "connection refused"
    raise ConnectionError(message)


async def hangs() -> None:
    await asyncio.Event().wait()


async def checked(*, required: bool, check: Any) -> tuple[str, bool, str]:
    health = Health("market")
    await health.start()
    health.add_check("postgres", answers)
    health.add_check("other", check, timeout_seconds=0.01, required=required)
    report = await health.ready()
    await health.stop()
    assert report.checks["postgres"].detail == "PostgreSQL 18"
    return report.status, report.passed, report.checks["other"].detail


async def test_ready_is_every_dependency_answering() -> None:
    assert await checked(required=True, check=answers) == ("ok", True, "PostgreSQL 18")


async def test_a_required_dependency_that_refuses_or_hangs_is_failing() -> None:
    refused = await checked(required=True, check=refuses)
    assert refused == ("failing", False, "ConnectionError: connection refused")
    assert await checked(required=True, check=hangs) == ("failing", False, "no answer within 0.01 s")


async def test_one_that_is_not_required_only_degrades() -> None:
    assert (await checked(required=False, check=refuses))[:2] == ("degraded", True)
    assert (await checked(required=False, check=hangs))[:2] == ("degraded", True)
