"""How long to wait after failed tries: longer each time, and never because of what strangers do elsewhere."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(hours=1)
"""A failure this long ago is forgotten."""
NO_WAIT = datetime(1970, 1, 1, tzinfo=UTC)
"""Not now: of tries at the same time, one that began earlier and is counted later would have to wait."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures cost nothing, what the next one costs in seconds (doubling), and the most it can cost."""

    free: int
    first_seconds: float
    most_seconds: float


PAIR = Limit(free=10, first_seconds=1, most_seconds=900)
"""One user name from one address."""
USERNAME = Limit(free=100, first_seconds=1, most_seconds=300)
"""One user name from everywhere; does not bind an address that this user has signed in from before."""
ADDRESS = Limit(free=300, first_seconds=1, most_seconds=900)
"""One address with any user name; does not bind those who have signed in from it before."""
SECOND_FACTOR = Limit(free=5, first_seconds=30, most_seconds=900)
"""Whoever gets this far has the password already."""
OWN_PASSWORD = Limit(free=5, first_seconds=30, most_seconds=900)
"""A signed-in person asked for the password again; somebody else may hold the access token."""


@dataclass(frozen=True, slots=True)
class Failures:
    """What is remembered of the failures under one key."""

    count: int
    last_at: datetime
    retry_at: datetime


def seconds_to_wait(known: Failures, now: datetime) -> float:
    """Give the seconds until another try is taken; nought when it is."""
    return max(0.0, (known.retry_at - now).total_seconds())


def after_try(known: Failures, limit: Limit, now: datetime) -> Failures:
    """Count a try as failed before it is judged: tries at the same time cannot all slip through."""
    count = 1 if now - known.last_at >= WINDOW else known.count + 1
    delay = _delay(count, limit)
    return Failures(count, now, now + timedelta(seconds=delay) if delay else NO_WAIT)


def after_success(known: Failures, limit: Limit) -> Failures:
    """Take back the try that turned out right; what others did stays counted."""
    count = max(0, known.count - 1)
    return Failures(count, known.last_at, NO_WAIT if count < limit.free else known.retry_at)


def _delay(count: int, limit: Limit) -> float:
    if count < limit.free:
        return 0.0
    # The exponent is bounded before the power is taken: a count may grow without end.
    return float(min(limit.first_seconds * 2.0 ** min(count - limit.free, 30), limit.most_seconds))
