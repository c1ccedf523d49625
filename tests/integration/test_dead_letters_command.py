"""``doso dead-letters`` on a real database: what it lists, shows and sends again, and what stays in the trail."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import ConsumerRecord
from typer.testing import CliRunner

from doso.main import app
from shared.events.topics import INVENTORY_UPDATED, MARKET_UPDATED
from shared.messaging.dead_letter import park

OTHER_TENANT = "00000000-0000-4000-8000-00000000beef"


@dataclass(slots=True)
class Office:
    """An operator at a database whose services parked something."""

    dsn: str
    owner: asyncpg.Connection[asyncpg.Record]
    tenant: UUID

    async def run(self, *arguments: str, code: int = 0):
        command = ["dead-letters", *arguments, "--dsn", self.dsn]
        result = await asyncio.to_thread(CliRunner().invoke, app, command, env={"COLUMNS": "200"})
        assert result.exit_code == code, result.output
        return result

    async def listed(self, *arguments: str) -> list[dict]:
        return json.loads((await self.run("list", "--json", *arguments)).stdout)

    async def park(self, *numbers: int, group: str = "market", topic=INVENTORY_UPDATED, **record) -> None:
        """Have events of the tenant parked, a second apart."""
        await self.owner.execute(f"SET search_path TO {group}")
        for n in numbers:
            body = record.get("body") or json.dumps({"tenant_id": str(self.tenant), "n": n}).encode()
            event_id = None if record.get("nameless") else UUID(int=n + 1)
            name = [] if event_id is None else [("ce_id", str(event_id).encode())]
            headers = [*name, *record.get("headers", [])]
            one = ConsumerRecord(topic.name, 0, n, 0, 0, record.get("key", b"dealer"), body, None, 0, 0, headers)
            async with self.owner.transaction():
                await park(
                    self.owner, topic=topic, group=group, record=one, event_id=event_id,
                    error=LookupError(record.get("error", f"number {n}")), attempts=1,
                )  # fmt: skip
                await self.owner.execute(
                    "UPDATE dead_letter SET parked_at = timestamptz '2026-01-01' + $1 * interval '1 second'"
                    " WHERE position = $2",
                    n,
                    f"0/{n}",
                )
        await self.owner.execute("RESET search_path")

    async def waiting(self, service: str = "inventory") -> list[int]:
        """Give the numbers of the events that are to be published again, in that order."""
        rows = await self.owner.fetch(
            f"SELECT id FROM {service}.outbox_waiting w JOIN {service}.outbox USING (id) ORDER BY w.seq"
        )
        return [row["id"].int - 1 for row in rows]

    async def trail(self) -> list[tuple[str, str, str, dict]]:
        rows = await self.owner.fetch("SELECT * FROM gateway.audit WHERE tenant_id = $1 ORDER BY seq", self.tenant)
        return [(row["actor"], row["action"], row["subject"], json.loads(row["details"])) for row in rows]


@pytest.fixture
async def office(migrated: str):
    owner = await asyncpg.connect(migrated)
    tenant = uuid4()
    await owner.execute("INSERT INTO gateway.tenant (tenant_id, name) VALUES ($1, 'A')", tenant)
    yield Office(migrated, owner, tenant)
    await owner.close()


async def test_the_list_is_newest_first_and_says_when_it_is_not_all(office) -> None:
    assert "No dead letters." in (await office.run("list")).output
    await office.park(1, 3)
    await office.park(2, group="forecast", topic=MARKET_UPDATED)
    told = await office.run("list", "--limit", "2")
    assert "The newest 2 of 3: --limit shows more." in told.output
    assert told.stdout.index("number 3") < told.stdout.index("number 2")
    assert "number 1" not in told.stdout
    assert "newest" not in (await office.run("list", "--limit", "3")).output
    assert [each["error"] for each in await office.listed()] == ["number 3", "number 2", "number 1"]
    assert [each["error"] for each in await office.listed("--service", "forecast")] == ["number 2"]
    assert [each["error"] for each in await office.listed("--topic", MARKET_UPDATED.name)] == ["number 2"]


async def test_a_letter_is_shown_with_its_bytes_and_what_was_left_out_of_it(office) -> None:
    await office.park(1, body=b"\xff{", key=b"k" * 100_000, headers=[("huge", b"h" * 500_000), ("dealer", b"d")])
    [letter] = await office.listed()
    shown = json.loads((await office.run("show", letter["letter_id"][:13])).stdout)
    assert shown["payload"] == r"\xff{"
    assert shown["headers"] == {"ce_id": str(UUID(int=2)), "dealer": "d"}
    assert "huge" in shown["cut"]
    assert "100000 bytes" in shown["cut"]
    assert "0 dead letters have an id" in (await office.run("show", "nonsense", code=1)).output


async def test_a_reason_with_brackets_is_listed_as_it_stands(office) -> None:
    await office.park(1, error="parameters.[/b]: not a number")
    assert "LookupError: parameters.[/b]: not a number" in (await office.run("list")).stdout


@pytest.mark.parametrize("command", [("list",), ("replay", "--all"), ("replay", "--all", "--dry-run")])
@pytest.mark.parametrize("what", ["service", "topic"])
async def test_a_service_or_topic_that_nobody_knows_is_refused(office, command: tuple[str, ...], what: str) -> None:
    told = (await office.run(*command, f"--{what}", "inventry", code=1)).output
    assert f"no {what} 'inventry'; there are: " in told


async def test_a_record_without_a_name_that_several_parked_is_sent_again_once(office) -> None:
    for group in ("market", "forecast", "feedback"):
        await office.park(1, group=group, nameless=True)
    assert len(await office.listed()) == 3
    assert "3 sent again" in (await office.run("replay", "--all")).output
    assert len(await office.waiting()) == 1


async def test_a_dry_run_tells_and_changes_nothing(office) -> None:
    await office.park(1, 2)
    told = (await office.run("replay", "--all", "--dry-run")).output
    assert "2 would be sent again; nothing was changed." in told
    assert await office.waiting() == []
    assert len(await office.listed()) == 2
    assert await office.trail() == []


async def test_one_is_sent_again_by_the_beginning_of_its_id_and_the_trail_says_who_asked(office) -> None:
    await office.park(1, 2)
    letter = (await office.listed())[0]
    assert "1 sent again" in (await office.run("replay", letter["letter_id"][:13], "--by", "pat")).output
    assert await office.waiting() == [2]
    assert [each["error"] for each in await office.listed()] == ["number 1"]
    [again] = [each for each in await office.listed("--replayed") if each["replayed_at"]]
    assert (again["letter_id"], again["replayed_by"]) == (letter["letter_id"], "pat")
    details = {"topic": INVENTORY_UPDATED.name, "letters": [letter["letter_id"]]}
    assert await office.trail() == [("operator:pat", "dead_letters.replayed", "market", details)]
    told = " ".join((await office.run("replay", letter["letter_id"], "--by", "kim", code=1)).output.split())
    assert f"{letter['letter_id']} was sent again at 2" in told
    assert told.endswith("by pat")


async def test_which_ones_has_to_be_said_once(office) -> None:
    assert "say which" in (await office.run("replay", code=1)).output
    assert "say which" in (await office.run("replay", "6f", "--all", code=1)).output


async def test_all_means_all_that_the_filters_leave_and_the_oldest_come_first(office) -> None:
    await office.park(*range(1, 1205, 2))
    await office.park(*range(0, 1205, 2), group="forecast")
    await office.park(5000, group="forecast", topic=MARKET_UPDATED)
    await office.park(5001, body=b"{}")
    await office.park(5002, body=b'{"tenant_id": "%s"}' % OTHER_TENANT.encode())
    oldest = await office.run("list", "--limit", "2000", "--json")
    first = min(json.loads(oldest.stdout), key=lambda each: each["parked_at"])
    assert json.loads((await office.run("show", first["letter_id"])).stdout)["error"] == "number 0"
    told = await office.run("replay", "--all", "--topic", INVENTORY_UPDATED.name, "--by", "pat")
    assert "1207 sent again" in told.output
    assert await office.waiting() == [*range(1205), 5001, 5002]
    assert [each["error"] for each in await office.listed()] == ["number 5000"]
    trail = await office.trail()
    assert {(actor, action) for actor, action, _, _ in trail} == {("operator:pat", "dead_letters.replayed")}
    assert {subject for _, _, subject, _ in trail} == {"market", "forecast"}
    assert sum(len(details["letters"]) for _, _, _, details in trail) == 1205, "two name no tenant of ours"
    verified = await asyncio.to_thread(CliRunner().invoke, app, ["audit", "verify", "--dsn", office.dsn])
    assert verified.exit_code == 0, verified.output


async def test_what_cannot_be_written_to_the_trail_is_not_sent_again(office) -> None:
    await office.park(1)
    await office.owner.execute("ALTER TABLE gateway.audit RENAME TO elsewhere")
    assert "refused" in (await office.run("replay", "--all", code=1)).output
    assert await office.waiting() == []
    assert len(await office.listed()) == 1


async def test_a_long_run_shows_how_far_it_has_come(office, monkeypatch) -> None:
    shown = []
    monkeypatch.setattr("rich.progress.Progress.start", lambda self: shown.append(self.tasks[0].percentage))
    await office.park(1, 2, 3)
    monkeypatch.setattr("doso.dead_letters.sending.PAGE", 2)
    await office.run("replay", "--all", "--dry-run")
    assert shown == []
    monkeypatch.setattr("doso.dead_letters.commands._BAR_AFTER_SECONDS", 0.0)
    await office.run("replay", "--all", "--dry-run")
    assert [round(each) for each in shown] == [67, 100]


async def test_a_key_that_was_cut_is_not_sent_as_if_it_were_whole(office) -> None:
    example = next(iter(_examples()))
    await office.park(1, key=b"k" * 100_000, body=json.dumps(example).encode())
    await office.park(2, key=b"\xff\xfe", body=b"no event")
    await office.park(3, key="Škoda".encode(), body=b"no event either")
    await office.run("replay", "--all")
    keys = await office.owner.fetch("SELECT key FROM inventory.outbox ORDER BY seq")
    assert [row["key"] for row in keys] == [example["dealer_id"], "", "Škoda"]


def _examples() -> list[dict]:
    from doso.contracts.messages import examples

    return list(examples(INVENTORY_UPDATED).values())
