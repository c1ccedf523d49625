"""Signing in, which is slow on purpose, and the check of an access token, which every request pays for."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import uuid4

from bench.connection import Request
from bench.request_loops import closed_loop
from bench.statistics import latencies, spread
from bench.system import System, running_system
from bench.tables import Limit, Mark, Row, Table, shown
from services.gateway.security import Claims, Passwords, SigningKeys, Tokens

if TYPE_CHECKING:
    from bench.options import Options
    from bench.progress import Steps

WINDOW_SECONDS = 5.0
HASHES = 30
TOKENS = 2000
_FORM = {"content-type": "application/x-www-form-urlencoded"}


async def measure(options: Options, steps: Steps) -> Table:
    """Sign in over one connection and over eight, beside the hashing alone; then verify tokens."""
    window = options.window(WINDOW_SECONDS)
    table = Table("sign_in", "Signing in, and verifying access tokens")
    with steps.step("hashing"):
        hashing = spread([await _hashes() for _ in range(options.repeats)])
    async with running_system(options.folder / "sign-in", options.brokers[0], steps) as system:
        for connections in (1, 8):
            table.rows.append(await _sign_ins(system, connections, options.repeats, window, steps, hashing.median))
    with steps.step("verifying tokens"):
        verifying = spread([await asyncio.to_thread(_verifications) for _ in range(options.repeats)])
    table.rows.append(Row("verify an access token, in process", "µs", verifying, (), Mark("below", 1_000.0)))
    table.notes += [
        f"{window:g} s each; the client and PostgreSQL run on the same cores; {options.brokers[0]} broker",
        "limit: Argon2id (19 MiB, 2 passes, 1 lane) two at a time in another process, in verifications a second",
        "a sign-in is also three short transactions for the count of tries, and one with the sign-in and the audit",
    ]
    return table


async def _sign_ins(
    system: System, connections: int, repeats: int, seconds: float, steps: Steps, hashing: float
) -> Row:
    form = urlencode({"username": system.username, "password": system.password}).encode()
    request = Request("POST", "/api/v1/auth/token", _FORM, form)
    runs = []
    for _ in range(repeats):
        with steps.step(f"POST /auth/token, {connections} connections"):
            runs.append(
                await closed_loop(system.url, itertools.repeat(request), connections=connections, seconds=seconds)
            )
    took = latencies([one for run in runs for one in run.took])
    detail = f"answer p50 {shown(took.p50 * 1e3)} ms, p99 {shown(took.p99 * 1e3)} ms"
    figure = spread([run.units_per_second for run in runs])
    limit = Limit("Argon2id alone", spread([hashing]))
    return Row(f"POST /auth/token, {connections} connections", "sign-ins/s", figure, (limit,), None, detail)


async def _hashes() -> float:
    passwords = Passwords()
    stored = await passwords.hash("seven blue bicycles")
    began = time.perf_counter()
    await asyncio.gather(*(passwords.verify("seven blue bicycles", stored) for _ in range(HASHES)))
    return HASHES / (time.perf_counter() - began)


def _verifications() -> float:
    tokens = Tokens(SigningKeys(json.dumps(SigningKeys.new_key())))
    token = tokens.issue(Claims(uuid4(), uuid4(), uuid4()))
    began = time.perf_counter()
    for _ in range(TOKENS):
        tokens.read(token)
    return (time.perf_counter() - began) / TOKENS * 1e6
