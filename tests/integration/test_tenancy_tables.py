"""Two tenants at every fenced table of every service: whatever one tries, the other's rows stay unseen and as they are.

Tables, columns, keys and rows come from the catalogue: a new table is tried without being named here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.pipeline import SERVICES
from doso.doctor.exceptions import KEYS_ACROSS_TENANTS
from shared.postgres.pool import role_of
from tests.integration.generic_rows import Table, insert, tables_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MINE, THEIRS = uuid4(), uuid4()
REFUSED = asyncpg.InsufficientPrivilegeError


class Matrix:
    """A service's tables with a row of each tenant in each, seen as the service's role sees them for one tenant."""

    def __init__(self, owner: Any, asker: Any, tables: list[Table]) -> None:
        self.owner, self.asker, self.tables = owner, asker, tables
        self.rows: dict[UUID, dict[str, dict[str, Any]]] = {MINE: {}, THEIRS: {}}

    async def fill(self) -> None:
        for tenant, mark in ((MINE, "mine"), (THEIRS, "theirs")):
            for table in self.tables:
                row = table.row(tenant, mark, self.rows[tenant])
                await insert(self.owner, table, row)
                self.rows[tenant][table.full] = row

    async def theirs(self) -> list[str]:
        """Give every row of the other tenant, as their owner sees them."""
        return [
            str(await self.owner.fetch(f"SELECT * FROM {table.full} WHERE tenant_id = $1", THEIRS))
            for table in self.tables
        ]

    async def as_mine(self, statement: str, *arguments: Any) -> str:
        """Run a statement for my tenant as the service does; the command's tag. It is rolled back."""
        transaction = self.asker.transaction()
        await transaction.start()
        try:
            await self.asker.execute("SELECT set_config('app.tenants', $1, true)", f"{{{MINE}}}")
            return str(await self.asker.execute(statement, *arguments))
        finally:
            await transaction.rollback()

    async def touched(self, statement: str) -> int:
        """Count the other tenant's rows that a statement reaches; one that nobody may run reaches none."""
        try:
            return int((await self.as_mine(statement, THEIRS)).split()[-1])
        except REFUSED:
            return 0

    async def refused(self, statement: str, *arguments: Any) -> None:
        with pytest.raises(REFUSED, match=r"row-level security|permission denied|append-only"):
            await self.as_mine(statement, *arguments)


@pytest.fixture(params=SERVICES)
async def matrix(request: pytest.FixtureRequest, migrated: str) -> AsyncIterator[Matrix]:
    owner = await asyncpg.connect(migrated)
    asker = await asyncpg.connect(migrated, user=role_of(request.param))
    built = Matrix(owner, asker, await tables_of(owner, [request.param]))
    assert built.tables
    await built.fill()
    yield built
    await asker.close()
    await owner.close()


def assigned(row: dict[str, Any]) -> tuple[str, str, list[Any]]:
    """Give columns, placeholders and values of a row, for INSERT."""
    return ", ".join(row), ", ".join(f"${n}" for n in range(1, len(row) + 1)), list(row.values())


async def test_nothing_of_another_tenant_is_read_changed_or_removed(matrix: Matrix) -> None:
    before = await matrix.theirs()
    for table in matrix.tables:
        assert await matrix.as_mine(f"SELECT FROM {table.full}") == "SELECT 1", table
        assert await matrix.as_mine(f"SELECT FROM {table.full} WHERE tenant_id = $1", THEIRS) == "SELECT 0", table
        assert await matrix.touched(f"UPDATE {table.full} SET tenant_id = tenant_id WHERE tenant_id = $1") == 0, table
        assert await matrix.touched(f"DELETE FROM {table.full} WHERE tenant_id = $1") == 0, table
        await matrix.refused(f"TRUNCATE {table.full}")
    assert await matrix.theirs() == before


async def test_nothing_is_written_into_another_tenant(matrix: Matrix) -> None:
    before = await matrix.theirs()
    for table in matrix.tables:
        theirs = matrix.rows[THEIRS][table.full]
        names, places, values = assigned(table.row(THEIRS, "forged", matrix.rows[THEIRS]))
        await matrix.refused(f"INSERT INTO {table.full} ({names}) VALUES ({places})", *values)
        await matrix.refused(f"UPDATE {table.full} SET tenant_id = $1", THEIRS)
        names, places, values = assigned(theirs)
        for conflict in ("DO NOTHING", "DO UPDATE SET tenant_id = excluded.tenant_id"):
            target = f"({', '.join(table.key)})"
            statement = f"INSERT INTO {table.full} ({names}) VALUES ({places}) ON CONFLICT {target} {conflict}"
            await matrix.refused(statement, *values)
    assert await matrix.theirs() == before


async def test_the_same_key_lives_in_both_tenants_apart(matrix: Matrix) -> None:
    """An upsert with the other's key makes a row of one's own: a key tells nothing about others."""
    across = {key.split(" ")[0]: key.split("(")[1].rstrip(")") for key in KEYS_ACROSS_TENANTS}
    before = await matrix.theirs()
    for table in matrix.tables:
        theirs, mine = matrix.rows[THEIRS][table.full], matrix.rows[MINE][table.full]
        if table.key == ("tenant_id",):
            continue
        parents = {name for foreign in table.foreign for name in foreign.columns}
        row = {**theirs, "tenant_id": MINE, **{name: mine[name] for name in parents}}
        if table.full in across:
            row[across[table.full]] = f"another {uuid4()}"
        if "previous" in row:  # the chain's own key, beside the table's
            row["previous"] = uuid4().hex
        clash = all(row[name] == mine[name] for name in table.key)
        names, places, values = assigned(row)
        statement = f"INSERT INTO {table.full} ({names}) VALUES ({places}) ON CONFLICT DO NOTHING"
        assert await matrix.as_mine(statement, *values) == f"INSERT 0 {int(not clash)}", table
    assert await matrix.theirs() == before


async def test_keys_across_tenants_are_refused_without_showing_the_row(matrix: Matrix) -> None:
    for key in KEYS_ACROSS_TENANTS:
        table = next((t for t in matrix.tables if t.full == key.split(" ")[0]), None)
        if table is None:
            continue
        column = key.split("(")[1].rstrip(")")
        row = table.row(MINE, "mine", matrix.rows[MINE]) | {column: matrix.rows[THEIRS][table.full][column]}
        names, places, values = assigned(row)
        with pytest.raises(asyncpg.UniqueViolationError) as refused:
            await matrix.as_mine(f"INSERT INTO {table.full} ({names}) VALUES ({places})", *values)
        assert str(THEIRS) not in str(refused.value.as_dict())
        statement = (
            f"INSERT INTO {table.full} ({names}) VALUES ({places}) ON CONFLICT ({column}) DO UPDATE SET {column} = ''"
        )
        await matrix.refused(statement, *values)


async def test_no_row_refers_to_another_tenants(matrix: Matrix) -> None:
    for table in matrix.tables:
        for foreign in table.foreign:
            own = [name for name in foreign.columns if name != "tenant_id"]
            if not own:
                continue
            theirs = matrix.rows[THEIRS][table.full]
            row = table.row(MINE, "mine", matrix.rows[MINE]) | {name: theirs[name] for name in own}
            names, places, values = assigned(row)
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                await matrix.as_mine(f"INSERT INTO {table.full} ({names}) VALUES ({places})", *values)


async def test_a_transaction_of_no_tenant_sees_nothing_and_no_error(matrix: Matrix) -> None:
    for table in matrix.tables:
        for setting in (None, "", "{}"):
            async with matrix.asker.transaction():
                if setting is not None:
                    await matrix.asker.execute("SELECT set_config('app.tenants', $1, true)", setting)
                assert await matrix.asker.fetchval(f"SELECT count(*) FROM {table.full}") == 0, (table, setting)
