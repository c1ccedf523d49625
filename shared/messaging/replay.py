"""Dead letters sent again: for operators, whose role may use every service's schema.

A letter is replayed by entering its event once more in the outbox of the topic's own producer, whose relay
publishes it. Everyone who took the event in before has it in the inbox, so only who parked it handles it now;
what still cannot work is parked anew, as of when it was parked first. What a relay set aside is in its outbox
already and waits again.
"""

import json
from collections.abc import Sequence

from shared.messaging.envelope import FIRST_PARKED
from shared.messaging.letters import Connection, DeadLetter


async def replay(connection: Connection, letters: Sequence[DeadLetter], by: str) -> None:
    """Have events published again and note who asked for it, all in one transaction."""
    async with connection.transaction():
        for letter in sorted(letters, key=lambda letter: letter.parked_at):  # as they came
            first = int(letter.parked_at.timestamp() * 1000)
            headers = {"ce_id": str(letter.outbox_id), **letter.headers, FIRST_PARKED: str(first)}
            await connection.execute(
                f"INSERT INTO {letter.producer}.outbox (id, topic, key, payload, headers)"  # noqa: S608  # our registry
                f" VALUES ($1, $2, $3, $4, $5::json) ON CONFLICT (id) DO UPDATE"
                # Kept anew, and not purged at this very moment. Of several who parked it the first one counts.
                " SET created_at = clock_timestamp(),"
                f" headers = CASE WHEN (outbox.headers->>'{FIRST_PARKED}')::bigint <= $6::bigint THEN outbox.headers"
                f" ELSE (outbox.headers::jsonb || jsonb_build_object('{FIRST_PARKED}', $6::bigint::text))::json END",
                letter.outbox_id,
                letter.topic,
                letter.outbox_key,
                letter.payload,
                json.dumps(headers),
                first,
            )
            await connection.execute(
                f"INSERT INTO {letter.producer}.outbox_waiting (seq, id)"  # noqa: S608
                f" SELECT seq, id FROM {letter.producer}.outbox WHERE id = $1 ON CONFLICT (seq) DO NOTHING",
                letter.outbox_id,
            )
            await connection.execute(
                f"UPDATE {letter.service}.dead_letter SET replayed_at = clock_timestamp(), replayed_by = $3"  # noqa: S608
                f" WHERE topic = $1 AND position = $2 AND digest = $4 AND replayed_at IS NULL",
                letter.topic,
                letter.position,
                by,
                letter.place.digest,
            )
