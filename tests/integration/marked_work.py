"""Work that a test marks, claims, finishes and has fail itself, with no worker."""

from __future__ import annotations

from shared.postgres import WorkTable

SURVEYS = WorkTable("surveys")


async def mark(probe, *keys: str, queue: WorkTable = SURVEYS, **delays: float) -> None:
    async with probe.work.begin() as tx:
        await queue.mark(tx.connection, [(probe.tenant, probe.dealer, key) for key in keys], **delays)


async def claim(probe, limit: int = 100, **lease: float) -> list:
    return await SURVEYS.claim(probe.work.pool, limit=limit, **lease)


async def finish(probe, items) -> None:
    async with probe.work.begin() as tx:
        await SURVEYS.finish(tx.connection, items)


async def make_due(probe) -> None:
    """Let the time pass that everything waits for."""
    await probe.owner.execute("UPDATE work SET due_at = now() - interval '1 second'")


async def let_leases_expire(probe) -> None:
    await probe.owner.execute("UPDATE work SET leased_until = now() - interval '1 second'")


async def seconds_ahead(probe, act) -> tuple[float, float]:
    """Do something to the one item and give how far ahead of that moment it is due, and due at the latest."""
    async with probe.owner.transaction():
        await act(probe.owner)
        row = await probe.owner.fetchrow(
            "SELECT extract(epoch FROM due_at - now()), extract(epoch FROM latest_at - now()) FROM work"
        )
    return float(row[0]), float(row[1])


def marking(probe, **delays: float):
    return lambda connection: SURVEYS.mark(connection, [(probe.tenant, probe.dealer, "civic")], **delays)


async def fail(probe, times: int, **how: object) -> list[tuple[int, float]]:
    """Have the one item fail; gives how many of it are given up, and for how many seconds it then waits, each time."""
    found = []
    for _ in range(times):
        items = await claim(probe)

        async def act(owner, items=items) -> None:
            found.append(await SURVEYS.fail(owner, items, "no price", **how))
            assert await SURVEYS.claim(owner, limit=100) == []  # at that moment; soon it is due again

        waits, _ = await seconds_ahead(probe, act)
        found[-1] = (found[-1], waits)
        await make_due(probe)
    return found
