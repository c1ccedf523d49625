"""Rows that an import refused: read bit by bit, kept for a while, and then gone with a word about it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from services.gateway.api import imports as imports_api
from services.gateway.importing import RejectionRetention, RejectionSettings, retention
from services.gateway.store import imports as store
from services.gateway.store import live
from shared.messaging import UnitOfWork
from shared.observability import TelemetrySettings, observe
from tests.e2e.conftest import new_vin

if TYPE_CHECKING:
    from tests.integration.gateway_running import Party, RunningGateway

NOW = datetime.now(UTC)


@pytest.fixture
async def party(gateway: RunningGateway) -> Party:
    return await gateway.party("Refused", new_vin())


async def an_import(party: Party, refused: int, ended: datetime) -> str:
    """Enter an import that ended at a time, with so many refused rows."""
    import_id = uuid4()
    header = '{"header": ["VIN", "Price"], "mapping": {}}'
    async with UnitOfWork(party.gateway.pool, "gateway").begin(party.tenant_id) as tx:
        await tx.connection.execute(
            "INSERT INTO import (tenant_id, import_id, dealer_id, kind, mode, filename, bytes, as_of, confirm, by_store,"
            " status, rows, rejected, report, finished_at) VALUES"
            " ($1, $2, $3, 'inventory', 'delta', 'a.csv', 1, '2026-03-02', false, false, 'done', $4, $4,"
            " $5::text::jsonb, $6)",
            party.tenant_id, import_id, party.dealers[0], refused, header, ended,
        )  # fmt: skip
        await tx.connection.execute(
            "INSERT INTO import_rejection SELECT $1, $2, n, 'vin', 'vin: is missing', jsonb_build_array('', n::text)"
            " FROM generate_series(2, $3 + 1) AS n",
            party.tenant_id, import_id, refused,
        )  # fmt: skip
        await live.tell(tx.connection, [(party.tenant_id, party.dealers[0], "import.done", {"id": str(import_id)})])
    return str(import_id)


async def download(party: Party, import_id: str) -> Any:
    return await party.http.get(f"/inventory/imports/{import_id}/rejected.csv")


@pytest.mark.parametrize("refused", [1, 4, 5, 11])
async def test_every_row_comes_once_and_in_order_however_few_are_held(
    party: Party, refused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports_api, "_ROWS_AT_ONCE", 4)
    held: list[int] = []
    read = store.rejections_after

    async def counted(*arguments: Any) -> Any:
        rows = await read(*arguments)
        held.append(len(rows))
        return rows

    monkeypatch.setattr(store, "rejections_after", counted)
    answer = await download(party, await an_import(party, refused, NOW))
    assert answer.status_code == 200
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["line", "reason", "VIN", "Price"]
    assert rows[1:] == [[str(n), "vin: is missing", "", str(n)] for n in range(2, refused + 2)]
    assert (max(held), sum(held)) == (min(4, refused), refused)


async def test_what_is_past_its_period_goes_and_is_said_to_be_gone(
    gateway: RunningGateway, party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE", 3)
    other = await gateway.party("Other", new_vin())
    old, young = NOW - timedelta(days=31), NOW - timedelta(days=29)
    gone = [await an_import(each, 10, old) for each in (party, other)]
    kept = await an_import(party, 10, young)
    metrics = observe("gateway", TelemetrySettings(log_level="CRITICAL")).metrics
    purge = RejectionRetention(UnitOfWork(gateway.pool, "gateway"), RejectionSettings(), metrics=metrics)
    assert [await purge.once(NOW) for _ in range(2)] == [20, 0]
    for each, import_id in zip((party, other), gone, strict=True):
        answer = await download(each, import_id)
        assert (answer.status_code, "no longer kept" in answer.json()["detail"]) == (410, True)
        status = (await each.http.get(f"/inventory/imports/{import_id}")).json()
        assert (status["rejected"], status["errors"]) == (10, [])
    assert (await download(party, kept)).text.count("is missing") == 10
    assert (await download(party, await an_import(party, 0, old))).status_code == 200, "it never refused any"


def test_the_period_is_a_setting_of_at_least_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSO_RETENTION_REJECTION_DAYS", "7")
    assert RejectionSettings().rejection_days == 7
    monkeypatch.setenv("DOSO_RETENTION_REJECTION_DAYS", "0")
    with pytest.raises(ValidationError, match="rejection_days"):
        RejectionSettings()


async def test_outcomes_of_advice_that_is_not_there_are_so_in_every_form(party: Party) -> None:
    wanted = {"recommendation_id": str(uuid4())}
    paths = ["/feedback", *(f"/reports/feedback.{form}" for form in ("csv", "xlsx", "pdf"))]
    answers = [await party.http.get(path, params=wanted) for path in paths]
    assert [answer.status_code for answer in answers] == [404] * len(paths)
    known = (await party.http.get("/feedback")).json()["items"][0]["recommendation_id"]
    assert UUID(known)
    for path in paths[:2]:
        assert (await party.http.get(path, params={"recommendation_id": known})).status_code == 200
