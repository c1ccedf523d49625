"""The work table: what has to be computed again, coalesced, leased to one worker at a time.

A handler marks a key; marking it again before it was computed costs one computation, not two. A worker
claims keys with SKIP LOCKED under a lease, so that a worker that dies gives its keys back. ``claim`` names who
holds a key, so that one whose lease ran out changes nothing about what another holds by then. ``generation``
tells whether a key was marked again while it was being computed.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from shared.postgres.claims import HELD_IN_ORDER, Claims, WorkItem, in_order
from shared.postgres.pool import Connection, Pool

WORK_TABLE_V1 = """
CREATE TABLE work (
    queue text NOT NULL,
    key text NOT NULL,
    tenant_id uuid NOT NULL,
    dealer_id uuid NOT NULL,
    generation bigint NOT NULL DEFAULT 1,
    due_at timestamptz NOT NULL,
    latest_at timestamptz NOT NULL,
    leased_until timestamptz,
    claim uuid,
    attempts int NOT NULL DEFAULT 0,
    error text,
    PRIMARY KEY (queue, tenant_id, dealer_id, key)
);
-- Each by itself, so that much of the one is not read through to find the other.
CREATE INDEX work_due ON work (queue, due_at) WHERE attempts < 5;
CREATE INDEX work_given_up ON work (queue, due_at) WHERE attempts >= 5;
"""

MAX_ATTEMPTS = 5
"""After so many tries that count, an item is given up: it is hardly the moment that it fails for. Two indexes are
made for this number, which therefore stands in statements as it is."""
GIVEN_UP_SECONDS = 3600.0
"""How long what is given up waits for its next try: a defect costs little, and bad minutes heal by themselves."""
MARKED_SECONDS = 60.0
"""How long what is given up waits when it is marked: what marked it may mend it, but the busiest keys are marked each
second."""
AGAIN_SECONDS = 5.0
"""How long what failed for no fault of its own waits."""

_MOST = 500
"""As much as one claim gives. Said as a number, since a plan made for any number of items would rather read all."""

_CLAIM = f"""
    WITH sound AS MATERIALIZED (
        SELECT tenant_id, dealer_id, key FROM work
        WHERE queue = $1 AND attempts < {MAX_ATTEMPTS} AND due_at <= now()
          AND (leased_until IS NULL OR leased_until < now())
        ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ), given_up AS MATERIALIZED (
        SELECT tenant_id, dealer_id, key FROM work
        WHERE queue = $1 AND attempts >= {MAX_ATTEMPTS} AND due_at <= now()
          AND (leased_until IS NULL OR leased_until < now())
        ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
    )
    UPDATE work w SET leased_until = now() + make_interval(secs => $3), claim = gen_random_uuid()
    FROM (TABLE sound UNION ALL TABLE given_up LIMIT {_MOST}) AS c
    WHERE w.queue = $1 AND w.tenant_id = c.tenant_id AND w.dealer_id = c.dealer_id AND w.key = c.key
    RETURNING w.tenant_id, w.dealer_id, w.key, w.generation, w.claim, w.attempts >= {MAX_ATTEMPTS} AS given_up,
        extract(epoch FROM now() - w.due_at)::float8 AS waited
"""  # noqa: S608  # numbers of ours

_RELEASE = f"""
    WITH held AS MATERIALIZED ({HELD_IN_ORDER})
    UPDATE work w SET leased_until = NULL, claim = NULL FROM held
    WHERE w.queue = $1 AND w.tenant_id = t AND w.dealer_id = d AND w.key = k AND w.claim = c
"""  # noqa: S608  # a statement of ours

_FAIL = f"""
    WITH held AS MATERIALIZED ({HELD_IN_ORDER})
    UPDATE work w SET leased_until = NULL, claim = NULL, error = $7,
        attempts = least(attempts + $8::bool::int, $10::int),
        due_at = now() + make_interval(secs => least(
            CASE WHEN NOT $8 AND attempts >= $10 THEN 0 WHEN NOT $8 THEN $9::float8
                 WHEN attempts + 1 < $10 THEN power(2, attempts) ELSE $11 END,
            CASE WHEN w.generation > ($6::bigint[])[n] THEN $12::float8 END))
    FROM held
    WHERE w.queue = $1 AND w.tenant_id = t AND w.dealer_id = d AND w.key = k AND w.claim = c
    RETURNING attempts >= $10 AS given_up
"""  # noqa: S608  # a statement of ours


class WorkTable(Claims):
    """One named queue in a service's work table. Holds ids only, so workers may look across tenants."""

    async def mark(
        self,
        connection: Connection,
        items: Iterable[tuple[UUID, UUID, str]],
        *,
        delay: float = 0.0,
        patience: float = 0.0,
    ) -> None:
        """Mark (tenant, dealer, key) as due ``delay`` seconds after the last mark, ``patience`` after the first.

        So a burst costs one computation when it is over, and an endless one still one every ``patience``. What failed
        keeps its tries and its wait; only what is given up is tried within ``MARKED_SECONDS`` instead of the hour.
        """
        unique = sorted(set(items), key=str)
        if not unique:
            return
        await connection.execute(
            """
            INSERT INTO work AS w (queue, tenant_id, dealer_id, key, due_at, latest_at)
            SELECT $1, t, d, k, now() + make_interval(secs => $5), now() + make_interval(secs => $6)
            FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS u(t, d, k)
            ON CONFLICT (queue, tenant_id, dealer_id, key) DO UPDATE
            SET generation = w.generation + 1,
                -- What is being computed right now starts a wait of its own; given up, it may go back untried.
                latest_at = CASE WHEN w.leased_until > now() THEN excluded.latest_at ELSE w.latest_at END,
                due_at = CASE WHEN w.attempts >= $8 THEN least(w.due_at, now() + make_interval(secs => $7))
                              WHEN w.leased_until > now() THEN excluded.due_at
                              WHEN w.error IS NOT NULL
                              THEN greatest(w.due_at, least(excluded.due_at, w.latest_at))
                              ELSE least(excluded.due_at, w.latest_at) END
            """,
            self.queue,
            [item[0] for item in unique],
            [item[1] for item in unique],
            [item[2] for item in unique],
            delay,
            max(delay, patience),
            MARKED_SECONDS,
            MAX_ATTEMPTS,
        )

    async def mark_missing(self, connection: Connection, items: Iterable[tuple[UUID, UUID, str]]) -> None:
        """Mark (tenant, dealer, key) as due now where it is not marked; what is marked already is left as it is."""
        unique = sorted(set(items), key=str)
        await connection.execute(
            """
            INSERT INTO work (queue, tenant_id, dealer_id, key, due_at, latest_at)
            SELECT $1, t, d, k, now(), now() FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS u(t, d, k)
            ON CONFLICT (queue, tenant_id, dealer_id, key) DO NOTHING
            """,
            self.queue,
            [item[0] for item in unique],
            [item[1] for item in unique],
            [item[2] for item in unique],
        )

    async def claim(self, pool: Pool, *, limit: int, given_up: int = 1, lease: float = 120.0) -> list[WorkItem]:
        """Claim up to ``limit`` due items for ``lease`` seconds, oldest first, and ``given_up`` of what is given up.

        Each by itself, since what is given up is older than whatever is marked, and would be all that is claimed.
        """
        rows = await pool.fetch(_CLAIM, self.queue, limit, lease, given_up)
        return [WorkItem(**row) for row in rows]

    async def release(self, pool: Pool, items: Sequence[WorkItem]) -> None:
        """Give claimed items back as they were, which were not tried: due as before, and with the error they had."""
        await pool.execute(_RELEASE, *self._claimed(in_order(items)))

    async def finish(self, connection: Connection, items: Sequence[WorkItem]) -> None:
        """Take finished items off, in the transaction that stores their result; those marked anew stay.

        Raises ClaimLostError if another has taken any of them over, who may have seen more than we did: the result
        is not to be stored then.
        """
        await self.hold(connection, items)
        await connection.execute(
            """
            DELETE FROM work w
            USING unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::bigint[]) AS u(t, d, k, c, g)
            WHERE w.queue = $1 AND w.tenant_id = t AND w.dealer_id = d AND w.key = k AND w.claim = c
              AND w.generation = g
            """,
            *self._claimed(items),
            [item.generation for item in items],
        )
        await connection.execute(
            """
            -- A mark puts off what is sound, and not what is given up: that was healed, and starts its wait now.
            UPDATE work w SET leased_until = NULL, claim = NULL, attempts = 0, error = NULL,
                due_at = CASE WHEN attempts >= $6 THEN latest_at ELSE due_at END
            FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[]) AS u(t, d, k, c)
            WHERE w.queue = $1 AND w.tenant_id = t AND w.dealer_id = d AND w.key = k AND w.claim = c
            """,
            *self._claimed(items),
            MAX_ATTEMPTS,
        )

    async def fail(
        self,
        pool: Pool,
        items: Sequence[WorkItem],
        error: str,
        *,
        counts: bool = True,
        delay: float = AGAIN_SECONDS,
    ) -> int:
        """Give failed items back with a growing delay, given up ones with an hour's; gives how many are given up.

        That is after ``MAX_ATTEMPTS`` tries that count. What failed because something else is away does not count,
        and is tried every ``delay`` seconds for as long as that takes; what is given up goes to the end of its line,
        and its worker waits. What was marked during its try waits no longer than a mark would have it wait.
        """
        ordered = in_order(items)
        rows = await pool.fetch(
            _FAIL,
            *self._claimed(ordered),
            [item.generation for item in ordered],
            error.replace("\x00", "")[:2000],
            counts,
            delay,
            MAX_ATTEMPTS,
            GIVEN_UP_SECONDS,
            MARKED_SECONDS,
        )
        return sum(row["given_up"] for row in rows)

    async def given_up(self, pool: Pool) -> int:
        """Count the items that failed so often that they are tried once an hour only."""
        query = f"SELECT count(*) FROM work WHERE queue = $1 AND attempts >= {MAX_ATTEMPTS}"  # noqa: S608
        return int(await pool.fetchval(query, self.queue))
