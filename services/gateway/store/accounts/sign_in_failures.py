"""Failed tries, and the addresses that people have signed in from: under hashed keys, of no tenant.

Who tries to sign in is nobody's user yet. Old rows go whenever new ones come, so the table holds about an
hour of failures.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from services.gateway.domain.sign_in_throttle import (
    NO_WAIT,
    WINDOW,
    Failures,
    Limit,
    after_success,
    after_try,
    seconds_to_wait,
)
from shared.postgres.pool import Connection

PLACE_REMEMBERED = timedelta(days=90)
_PURGED_AT_ONCE = 100


async def try_once(connection: Connection, limits: Mapping[bytes, Limit], now: datetime) -> float:
    """Count a try under each key and give 0, or count nothing and give the seconds to wait.

    The keys are held until the transaction ends, in one order: tries at the same time come one by one.
    """
    keys = sorted(limits)
    await _hold(connection, keys)
    known: dict[bytes, Failures] = {}
    while len(known) < len(keys):  # one may be deleted, as old, before it is held
        await connection.execute(
            "INSERT INTO sign_in_failure (key, failures, last_at, retry_at)"
            " SELECT k, 0, $2, $3 FROM unnest($1::bytea[]) AS u(k) ORDER BY k ON CONFLICT (key) DO NOTHING",
            keys,
            now,
            NO_WAIT,
        )
        known = await _locked(connection, keys)
    wait = max(seconds_to_wait(failures, now) for failures in known.values())
    if wait > 0:
        return wait
    await _store(connection, {key: after_try(known[key], limits[key], now) for key in keys})
    await connection.execute(
        "DELETE FROM sign_in_failure WHERE key IN (SELECT key FROM sign_in_failure WHERE last_at < $1"
        " LIMIT $2 FOR UPDATE SKIP LOCKED)",
        now - WINDOW,
        _PURGED_AT_ONCE,
    )
    return 0.0


async def succeed(connection: Connection, own: bytes, shared: Mapping[bytes, Limit]) -> None:
    """Forget the failures under one's own key, and take the try back under keys that others share."""
    keys = sorted([own, *shared])
    await _hold(connection, keys)
    known = await _locked(connection, keys)
    known.pop(own, None)
    await connection.execute("DELETE FROM sign_in_failure WHERE key = $1", own)
    await _store(connection, {key: after_success(failures, shared[key]) for key, failures in known.items()})


async def known_place(connection: Connection, place: bytes, now: datetime) -> bool:
    """Tell whether this user has signed in from this address before."""
    return bool(
        await connection.fetchval(
            "SELECT true FROM sign_in_place WHERE key = $1 AND last_at > $2", place, now - PLACE_REMEMBERED
        )
    )


async def remember_place(connection: Connection, place: bytes, now: datetime) -> None:
    """Remember that this user has signed in from this address; written once a day at most."""
    await connection.execute(
        "INSERT INTO sign_in_place AS p (key, last_at) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE"
        " SET last_at = excluded.last_at WHERE p.last_at < excluded.last_at - interval '1 day'",
        place,
        now,
    )
    await connection.execute(
        "DELETE FROM sign_in_place WHERE key IN (SELECT key FROM sign_in_place WHERE last_at < $1"
        " LIMIT $2 FOR UPDATE SKIP LOCKED)",
        now - PLACE_REMEMBERED,
        _PURGED_AT_ONCE,
    )


async def _hold(connection: Connection, keys: Sequence[bytes]) -> None:
    """Hold keys, with rows or without: who puts a row back that another deleted would hold that one out of turn."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(n) FROM unnest($1::bigint[]) AS u(n)",
        sorted(int.from_bytes(key[:8], signed=True) for key in keys),
    )


async def _locked(connection: Connection, keys: list[bytes]) -> dict[bytes, Failures]:
    rows = await connection.fetch(
        "SELECT key, failures, last_at, retry_at FROM sign_in_failure WHERE key = ANY($1) ORDER BY key FOR UPDATE",
        keys,
    )
    return {row["key"]: Failures(row["failures"], row["last_at"], row["retry_at"]) for row in rows}


async def _store(connection: Connection, known: Mapping[bytes, Failures]) -> None:
    await connection.execute(
        "INSERT INTO sign_in_failure (key, failures, last_at, retry_at)"
        " SELECT * FROM unnest($1::bytea[], $2::int[], $3::timestamptz[], $4::timestamptz[])"
        " ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at,"
        " retry_at = excluded.retry_at",
        list(known),
        [failures.count for failures in known.values()],
        [failures.last_at for failures in known.values()],
        [failures.retry_at for failures in known.values()],
    )
