"""Clocks: tokens, signatures and the order of events rely on machines that agree about the time."""

import time
from email.utils import parsedate_to_datetime

import httpx

from doso.doctor.database import connected
from doso.doctor.deployment import Deployment
from doso.doctor.findings import Finding, ok, unsafe, warn

NAME = "clock"
_NOTICEABLE, _UNSAFE = 2.0, 30.0
_HTTP_GRAIN = 1.0
"""Seconds by which a Date header may be off, since it has no fractions."""


async def check(deployment: Deployment) -> list[Finding]:
    """Compare this machine's clock with PostgreSQL's and the API's, in seconds."""
    found = []
    if deployment.postgres_dsn:
        async with connected(deployment) as connection:
            before = time.time()
            theirs = (await connection.fetchval("SELECT clock_timestamp()")).timestamp()
            found.append(judge("PostgreSQL", theirs - (before + time.time()) / 2))
    if deployment.gateway_url:
        async with httpx.AsyncClient(timeout=10) as client:
            before = time.time()
            answer = await client.get(f"{deployment.gateway_url.rstrip('/')}/api/v1/health")
            middle = (before + time.time()) / 2
        if told := answer.headers.get("date"):
            skew = parsedate_to_datetime(told).timestamp() + _HTTP_GRAIN / 2 - middle
            found.append(judge("the API", max(0.0, abs(skew) - _HTTP_GRAIN / 2)))
    return found or [warn(NAME, "no server is named to compare the clock with", "name PostgreSQL or the API")]


def judge(server: str, skew: float) -> Finding:
    """Judge by how many seconds a server's clock is ahead of ours."""
    text = f"the clock of {server} differs by {abs(skew):.1f} s from this machine's"
    if abs(skew) > _UNSAFE:
        return unsafe(NAME, text, "set both by NTP: tokens and signatures are judged by the clock")
    if abs(skew) > _NOTICEABLE:
        return warn(NAME, text, "set both by NTP")
    return ok(NAME, text)
