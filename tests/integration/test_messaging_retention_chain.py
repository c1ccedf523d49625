"""For how long an event can come again at most: everyone in its way waits until the last moment, day by day."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count

import pytest
from aiokafka import ConsumerRecord
from pydantic import ValidationError

from deploy.local.sweep import Sweep
from shared.messaging.dead_letter import park
from shared.messaging.letters import dead_letters
from shared.messaging.replay import replay
from shared.messaging.retention import Retention, RetentionSettings

NEARLY_A_DAY = 86_400_000 - 60_000
"""In milliseconds: what is kept for n days is still there after n of these, and gone after one more."""
FOR_EVER = 60


@dataclass(slots=True)
class Clockwork:
    """The tables of a service in which days pass, and a Kafka that keeps a record for some days."""

    probe: object
    kept: RetentionSettings
    day: int = 0
    came_last: int = 0
    kafka: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    offsets: count = field(default_factory=count)

    async def publish(self) -> None:
        """Do what the relay does with what waits."""
        owner = self.probe.owner
        for row in await owner.fetch("SELECT * FROM outbox_waiting JOIN outbox USING (id)"):
            if row["topic"] == self.probe.topic.name:
                headers = await owner.fetchval("SELECT headers::jsonb FROM outbox WHERE id = $1", row["id"])
                self.kafka.append((self.day, headers, row["payload"]))
            await owner.execute("UPDATE outbox SET created_at = clock_timestamp() WHERE id = $1", row["id"])
        await owner.execute("DELETE FROM outbox_waiting")

    async def pass_a_day(self) -> None:
        """Have all that happened be a day older, and what is past its period go."""
        self.day += 1
        assert self.day < FOR_EVER, "it comes again and again"
        self.kafka = [each for each in self.kafka if self.day - each[0] <= self.kept.topic_days]
        if self.kafka:
            self.came_last = self.day
        for table, column in (("outbox", "created_at"), ("dead_letter", "parked_at")):
            await self.probe.owner.execute(
                f"UPDATE {table} SET {column} = {column} - $1 * interval '1 millisecond'", NEARLY_A_DAY
            )
        # A time that travels in a header grows older like any other.
        await self.probe.owner.execute(
            "UPDATE outbox SET headers = (headers::jsonb || jsonb_build_object('x-first-parked',"
            " ((headers->>'x-first-parked')::bigint - $1)::text))::json WHERE headers->>'x-first-parked' IS NOT NULL",
            NEARLY_A_DAY,
        )
        self.kafka = [(since, _older(headers), value) for since, headers, value in self.kafka]
        await self.purge()

    async def purge(self) -> None:
        await Retention(
            self.probe.service, self.probe.work.pool, self.kept, metrics=self.probe.telemetry.metrics
        ).once()

    async def goes_tomorrow(self, table: str, column: str, days: int) -> bool:
        """Tell whether the one row of a table that is looked at is gone after another day."""
        age = await self.probe.value(f"SELECT extract(epoch FROM clock_timestamp() - max({column})) FROM {table}")
        return float(age) + NEARLY_A_DAY / 1000 > days * 86_400

    async def offered_again_at_the_last_moment(self, owner_dsn: str) -> None:
        event = f"outbox WHERE topic = '{self.probe.topic.name}'"
        while not await self.goes_tomorrow(event, "created_at", self.kept.outbox_days):
            await self.pass_a_day()
        assert await Sweep(owner_dsn).once() == 1
        await self.publish()

    async def parked_at_the_last_moment(self) -> None:
        """Have the last reader come to it just before Kafka lets go of it."""
        while self.day - self.kafka[-1][0] < self.kept.topic_days:
            await self.pass_a_day()
        _, headers, value = self.kafka[-1]
        given = [(name, text.encode()) for name, text in headers.items()]
        place = next(self.offsets)
        record = ConsumerRecord(self.probe.topic.name, 0, place, 0, 0, b"", value, None, 0, 0, given)
        event = self.probe.topic.model.model_validate_json(value)
        async with self.probe.work.begin() as tx:
            assert await park(
                tx.connection, topic=self.probe.topic, group=self.probe.service, record=record,
                event_id=event.event_id, error=LookupError("still not"), attempts=1,
            )  # fmt: skip
        await self.probe.owner.execute("DELETE FROM outbox_waiting")

    async def sent_again_at_the_last_moment(self) -> bool:
        """Replay the letter just before it goes; False when there is none."""
        await self.purge()
        if not await dead_letters(self.probe.owner, service=self.probe.service):
            return False
        while not await self.goes_tomorrow("dead_letter", "parked_at", self.kept.dead_letter_days):
            await self.pass_a_day()
        [letter] = await dead_letters(self.probe.owner, service=self.probe.service)
        await replay(self.probe.owner, [letter], "pat")
        await self.publish()
        return True


def _older(headers: dict[str, str]) -> dict[str, str]:
    first = headers.get("x-first-parked")
    return headers if first is None else {**headers, "x-first-parked": str(int(first) - NEARLY_A_DAY)}


@pytest.mark.parametrize(("topic_days", "outbox_days", "dead_letter_days"), [(1, 2, 3), (3, 1, 2), (2, 2, 5)])
async def test_an_inbox_must_remember_longer_than_an_event_can_come(
    probe, monkeypatch, topic_days, outbox_days, dead_letter_days
) -> None:
    days = {"topic_days": topic_days, "outbox_days": outbox_days, "dead_letter_days": dead_letter_days}
    monkeypatch.setattr("deploy.local.sweep.TOPICS", {probe.topic.name: probe.topic})
    monkeypatch.setattr("deploy.local.sweep.PRODUCERS", [probe.service])
    await probe.owner.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    clock = Clockwork(probe, RetentionSettings(**days, inbox_days=1000))
    event = probe.event(1)
    async with probe.work.begin() as tx:
        tx.emit(event)
    await clock.publish()
    while True:
        await clock.offered_again_at_the_last_moment(probe.postgres.dsn)
        await clock.parked_at_the_last_moment()
        if not await clock.sent_again_at_the_last_moment():
            break
    while clock.kafka:
        await clock.pass_a_day()
    assert clock.came_last > 0
    with pytest.raises(ValidationError, match="would take effect twice"):
        RetentionSettings(**days, inbox_days=clock.came_last)
    assert RetentionSettings(**days, inbox_days=clock.came_last + 1)


def test_the_periods_that_nobody_set_fit_each_other(monkeypatch) -> None:
    assert RetentionSettings().inbox_days == 45
