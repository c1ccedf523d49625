"""The audit trail through the gateway and in PostgreSQL: complete, unforked, unchangeable, and checked by ``doso audit``."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from typer.testing import CliRunner

from doso.main import app as command_line
from services.gateway.store.audit import write_audit
from shared.messaging import UnitOfWork
from shared.migration import migrate
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gateway_running import RunningGateway

VIN = "1M8GDM9AXKP042788"


@pytest.fixture
async def owner(migrated: str):
    connection = await asyncpg.connect(migrated)
    yield connection
    await connection.close()


@pytest.fixture
async def work(migrated: str):
    pool = await create_pool("gateway", PostgresSettings(dsn=migrated, pool_max=8))
    yield UnitOfWork(pool, "gateway")
    await pool.close()


async def note(work: UnitOfWork, tenant: UUID, n: int) -> None:
    async with work.begin(tenant) as tx:
        await write_audit(tx.connection, tenant, "somebody", "test.noted", str(n), {"n": n, "text": "é \x00 ü"})


async def note_and_fail(work: UnitOfWork, tenant: UUID) -> None:
    async with work.begin(tenant) as tx:
        await write_audit(tx.connection, tenant, "somebody", "test.noted", "undone", {})
        raise RuntimeError("undone")


async def verify(*arguments: str) -> tuple[int, dict[str, Any]]:
    result = await asyncio.to_thread(CliRunner().invoke, command_line, ["audit", "verify", *arguments, "--json"])
    return result.exit_code, json.loads(result.stdout)


async def test_writers_at_once_leave_one_chain_a_tenant(work: UnitOfWork, owner, migrated: str) -> None:
    tenants = [uuid4() for _ in range(3)]
    await asyncio.gather(*(note(work, tenant, n) for n in range(40) for tenant in tenants))
    rows = await owner.fetch("SELECT tenant_id, max(seq) AS last, count(*) AS n FROM gateway.audit GROUP BY 1")
    assert {(row["tenant_id"], row["last"], row["n"]) for row in rows} == {(tenant, 40, 40) for tenant in tenants}
    code, found = await verify("--dsn", migrated)
    assert (code, found["rows"], [chain["rows"] for chain in found["chains"]]) == (0, 120, [40, 40, 40])


async def test_a_writer_that_fails_leaves_no_gap(work: UnitOfWork, migrated: str) -> None:
    tenant = uuid4()
    await note(work, tenant, 1)
    with pytest.raises(RuntimeError, match="undone"):
        await note_and_fail(work, tenant)
    await note(work, tenant, 2)
    assert (await verify("--dsn", migrated))[0] == 0


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit", "ALTER TABLE audit DISABLE TRIGGER ALL"],
)
async def test_the_gateways_role_cannot_change_what_was_written(
    work: UnitOfWork, migrated: str, statement: str
) -> None:
    tenant = uuid4()
    await note(work, tenant, 1)
    await migrate("gateway", migrated)  # whose grants must not give it back
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with work.begin(tenant) as tx:
            await tx.connection.execute(statement)


@pytest.mark.parametrize("statement", ["UPDATE {} SET actor = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_even_the_owner_is_refused_by_the_trigger(work: UnitOfWork, owner, statement: str) -> None:
    await note(work, uuid4(), 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await owner.execute(statement.format("gateway.audit"))
    assert await owner.fetchval("SELECT count(*) FROM gateway.audit") == 1


async def test_a_fork_is_refused_by_the_table_itself(work: UnitOfWork, owner) -> None:
    tenant = uuid4()
    await note(work, tenant, 1)
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(
            "INSERT INTO gateway.audit SELECT tenant_id, seq + 1, at, actor, action, subject, details, client, request_id,"
            " previous, hash FROM gateway.audit WHERE tenant_id = $1",
            tenant,
        )


TAMPERING = {
    "UPDATE gateway.audit SET details = '{}' WHERE seq = 3": (3, "changed after it was written"),
    "UPDATE gateway.audit SET at = at - interval '1 day' WHERE seq = 3": (3, "changed after it was written"),
    "DELETE FROM gateway.audit WHERE seq = 3": (3, "missing"),
    "DELETE FROM gateway.audit WHERE seq <= 2": (1, "row 1 to 2 is missing"),
    "UPDATE gateway.audit SET previous = repeat('f', 64) WHERE seq = 3": (3, "does not follow"),
}


@pytest.mark.parametrize("statement", TAMPERING)
async def test_what_an_owner_does_behind_the_trigger_is_found(
    work: UnitOfWork, owner, migrated: str, statement: str
) -> None:
    tenant = uuid4()
    for n in range(6):
        await note(work, tenant, n)
    await owner.execute("ALTER TABLE gateway.audit DISABLE TRIGGER append_only")
    await owner.execute(statement)
    code, found = await verify("--dsn", migrated)
    (chain,) = found["chains"]
    row, reason = TAMPERING[statement]
    assert (code, chain["first_broken_row"]) == (1, row)
    assert reason in chain["reason"]


async def test_a_cut_off_tail_is_found_by_a_head_noted_earlier(work: UnitOfWork, owner, migrated: str) -> None:
    tenant = uuid4()
    for n in range(6):
        await note(work, tenant, n)
    noted = (await verify("--dsn", migrated))[1]["chains"][0]["head"]
    await note(work, tenant, 7)
    assert (await verify("--dsn", migrated, "--expect-head", noted))[0] == 0
    await owner.execute("ALTER TABLE gateway.audit DISABLE TRIGGER append_only")
    await owner.execute("DELETE FROM gateway.audit WHERE seq > 5")
    assert (await verify("--dsn", migrated))[0] == 0
    code, found = await verify("--dsn", migrated, "--expect-head", noted)
    assert (code, found["heads_not_found"]) == (1, [noted])


async def test_a_role_under_the_fence_checks_the_tenants_it_names(work: UnitOfWork, migrated: str) -> None:
    tenant = uuid4()
    await note(work, tenant, 1)
    as_gateway = migrated.replace("postgres@", "doso_gateway@")
    refused = await asyncio.to_thread(CliRunner().invoke, command_line, ["audit", "verify", "--dsn", as_gateway])
    assert refused.exit_code == 1
    assert "--tenant" in refused.output
    code, found = await verify("--dsn", as_gateway, "--tenant", str(tenant))
    assert (code, found["rows"]) == (0, 1)
    code, found = await verify("--dsn", as_gateway, "--tenant", str(uuid4()))
    assert (code, found["chains"][0]["reason"]) == (1, "there is no row at all: the trail was removed")


async def test_acts_are_in_the_trail_with_where_they_came_from(gateway: RunningGateway) -> None:
    one = await gateway.party("alpha", VIN)
    files = {"file": ("stock.csv", b"VIN\n1\n")}
    data = {"dealer_id": str(one.dealers[0])}
    imported = (await one.http.post("/inventory/imports", data=data, files=files)).json()["id"]
    rules = await one.http.put(
        "/policies", json={"max_age_days": 90}, headers={"If-Match": '"0"', "X-Request-ID": "from-the-caller"}
    )
    assert rules.headers["x-request-id"] == "from-the-caller"
    advice, *_ = (await one.http.get("/recommendations", params={"status": "issued"})).json()["items"]
    answered = await one.http.post(f"/recommendations/{advice['id']}/response", json={"decision": "accepted"})
    assert answered.status_code == 200
    trail = await one.trail()
    assert [row["action"] for row in trail[:3]] == ["recommendation.answered", "policy.set", "import.created"]
    assert [row["subject"] for row in trail[:3]] == [advice["id"], "tenant", imported]
    assert trail[-1]["action"] == "tenant.created"
    assert trail[1]["request_id"] == "from-the-caller"
    assert {row["client"] for row in trail[:3]} == {"192.0.2.7"}
    assert len({row["request_id"] for row in trail[:3]}) == 3


async def test_the_trail_is_filtered_and_paged(gateway: RunningGateway) -> None:
    one = await gateway.party("alpha", VIN)
    for n in range(5):
        await one.dealer(f"Store {n}")
    created = await one.trail(action="dealer.created")
    assert len(created) == 7
    assert {row["actor"] for row in created} == {one.username}
    middle = created[3]
    assert await one.trail(subject=middle["subject"]) == [middle]
    assert await one.trail(actor="nobody") == []
    assert await one.trail(**{"from": middle["at"], "action": "dealer.created"}) == created[:4]
    assert await one.trail(to=middle["at"], action="dealer.created") == created[4:]
    pages, cursor = [], None
    while True:
        params = {"limit": 2, "action": "dealer.created", **({"cursor": cursor} if cursor else {})}
        page = (await one.http.get("/audit", params=params)).json()
        pages += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        refused = await one.http.get("/audit", params={"limit": 2, "cursor": cursor})  # another query's cursor
        assert refused.status_code == 422
    assert pages == created


async def test_an_export_holds_the_whole_trail_and_is_checked_without_the_database(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    one, two = await gateway.party("alpha", VIN), await gateway.party("beta", VIN)
    await one.dealer('=HYPERLINK("x") é')
    file = tmp_path / "audit.ndjson"
    answer = await one.http.get("/audit/export.ndjson")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    file.write_bytes(answer.content)
    trail = await one.trail()
    assert [json.loads(line) for line in file.read_text().splitlines()] == trail[::-1]
    assert trail[0]["action"] == "audit.exported"
    head = (await one.http.get("/audit/head")).json()
    assert (head["hash"], head["seq"]) == (trail[0]["hash"], len(trail))
    code, found = await verify("--file", str(file), "--expect-head", head["hash"])
    assert (code, found["rows"], found["chains"][0]["head"]) == (0, len(trail), head["hash"])
    lines = file.read_text().splitlines()
    part = tmp_path / "part.ndjson"
    part.write_text("\n".join(lines[2:]))
    assert (await verify("--file", str(part)))[0] == 1
    assert (await verify("--file", str(part), "--from-row", "3"))[0] == 0
    file.write_text("\n".join(lines).replace(one.username, "nobody"))
    code, found = await verify("--file", str(file))
    assert code == 1
    assert found["chains"][0]["first_broken_row"] == 1 + next(
        n for n, line in enumerate(lines) if one.username in line
    )
    cells = list(csv.DictReader(io.StringIO((await one.http.get("/audit/export.csv")).text)))
    assert len(cells) == len(trail) + 1
    assert str(two.tenant_id) not in answer.text
    assert all(not value.startswith(("=", "+", "-", "@")) for row in cells for value in row.values())


@pytest.mark.parametrize(
    ("content", "said"), [("", "holds no row"), ('{"a": 1}\n', "line 1"), ("nonsense\n", "line 1")]
)
def test_what_is_no_export_is_refused_with_the_reason(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "x.ndjson"
    file.write_text(content)
    result = CliRunner().invoke(command_line, ["audit", "verify", "--file", str(file)])
    assert result.exit_code == 1
    assert said in result.output.replace("\n", " ")
