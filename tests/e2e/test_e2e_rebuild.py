"""State that was damaged or lost comes back from its owners, while the system serves and events stream in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from doso.sample_group import write_sample_group
from shared.messaging.failpoints import ALLOWED, EXIT_CODE
from tests.conftest import ROOT
from tests.e2e.conftest import poll
from tests.e2e.rebuilding import found, idle, rebuild, settled, shown, sql

if TYPE_CHECKING:
    from tests.conftest import System
    from tests.e2e.conftest import Group

SEED = 23


@pytest.fixture(scope="module")
def store(system: System, group: Group, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Fill one store: stock, sales, market, advice, an answer, and an outcome; gives its id."""
    sample = write_sample_group(tmp_path_factory.mktemp("rebuilt"), SEED, datetime.now(UTC).date())
    source = sample.stores[0]
    dealer = group.dealer(source.name, currency=sample.currency, region=sample.region)
    files = (("sales", source.sales_file), ("inventory", source.inventory_file), ("market", sample.market_file))
    for kind, path in files:
        assert group.upload(kind, dealer, path.read_bytes(), path.name)["status"] == "done"

    def advised() -> list[dict[str, Any]]:
        return [a for a in group.items("/recommendations", dealer_id=dealer, action="reprice") if a["vin"]]

    poll(lambda: group.items("/forecasts", dealer_id=dealer), "forecasts")
    poll(advised, "advice on a price")
    poll(lambda: idle(system), "nothing to be under way that would supersede it")
    advice = advised()[0]
    answer = {"decision": "declined", "reason": "not now"}
    assert group.http.post(f"/recommendations/{advice['id']}/response", json=answer).status_code == 200
    group.send(group.event(dealer, "vehicle.sold", advice["vin"], sale_price="17000.00", front_gross="400.00"))
    poll(lambda: group.items("/feedback", recommendation_id=advice["id"]), "the outcome")
    return dealer


@pytest.fixture
def calm(system: System, group: Group, store: str) -> str:
    """Give the store once nothing is under way any more."""
    poll(lambda: settled(system, group), "copies that equal their owners'")
    return store


DAMAGE = {
    "vehicles": (
        "UPDATE gateway.vehicle SET list_price = 1, status = 'sold', version = version + 50 WHERE {some}",
        {"differing": 3},
        "vehicle_key",
    ),
    "markets": (
        "UPDATE gateway.market SET document = document || '{{\"gap\": 7}}' WHERE {some}",
        {"differing": 3},
        "segment",
    ),
    "forecasts": ("DELETE FROM gateway.forecast WHERE {some}", {"missing": 3}, "segment"),
    "advice and answers": (
        "UPDATE gateway.recommendation SET answer = NULL WHERE tenant_id = $1 AND answer IS NOT NULL",
        {"differing": 1},
        "recommendation_id",
    ),
    "outcomes": ("DELETE FROM gateway.outcome WHERE {some}", {"missing": 1}, "outcome_id"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_was_damaged_comes_back(system: System, group: Group, calm: str, what: str) -> None:
    statement, wrong, key = DAMAGE[what]
    table = statement.split("gateway.")[1].split()[0]
    some = f"tenant_id = $1 AND {key} IN (SELECT {key} FROM gateway.{table} WHERE tenant_id = $1 ORDER BY 1 LIMIT 3)"
    if what == "outcomes":
        some = some.replace("LIMIT 3", "LIMIT 1")
    before = shown(system, group, table)
    sql(system, statement.format(some=some), arguments=[group.admin.tenant_id])
    assert shown(system, group, table) != before
    assert found(system, group, "read-model", "--dry-run") == {what: wrong}
    assert shown(system, group, table) != before, "a dry run changes nothing"
    assert found(system, group, "read-model") == {what: wrong}
    assert shown(system, group, table) == before
    assert found(system, group, "read-model") == {}, "the second time there is nothing to do"


def test_an_answer_that_its_keeper_has_not_heard_of_yet_stays(system: System, group: Group, calm: str) -> None:
    tenant = group.admin.tenant_id
    before = shown(system, group, "recommendation")
    kept = sql(
        system, "DELETE FROM feedback.answer a WHERE tenant_id = $1 RETURNING to_jsonb(a)::text AS row",
        arguments=[tenant],
    )  # fmt: skip
    assert kept, "the store's answer has been taken in"
    try:
        assert found(system, group, "read-model") == {}
        assert shown(system, group, "recommendation") == before
    finally:
        again = "INSERT INTO feedback.answer SELECT * FROM jsonb_populate_record(NULL::feedback.answer, $1::jsonb)"
        for row in kept:
            sql(system, again, arguments=[row["row"]])


def test_what_nobody_owns_goes(system: System, group: Group, calm: str) -> None:
    before = shown(system, group, "vehicle")
    sql(
        system,
        'INSERT INTO gateway.vehicle SELECT (jsonb_populate_record(v, \'{"vehicle_key": "nobody"}\')).*'
        " FROM gateway.vehicle v WHERE tenant_id = $1 LIMIT 1",
        arguments=[group.admin.tenant_id],
    )
    assert found(system, group, "read-model") == {"vehicles": {"unclaimed": 1}}
    assert shown(system, group, "vehicle") == before


def test_pages_are_full_and_new_prices_win_all_the_while(system: System, group: Group, calm: str) -> None:
    everything = 'UPDATE gateway.vehicle SET document = document || \'{"dealer_name": "?"}\' WHERE tenant_id = $1'
    sql(system, everything, arguments=[group.admin.tenant_id])
    vins = [item["vin"] for item in group.items("/inventory", dealer_id=calm)]
    done, prices, seen = threading.Event(), {}, []

    def report() -> None:
        price = 15_000
        while not done.is_set() or len(prices) < len(vins[:40]):
            for vin in vins[:40]:
                price += 1
                prices[vin] = f"{price}.00"
            group.send(*(group.event(calm, "vehicle.priced", vin, list_price=prices[vin]) for vin in vins[:40]))
            seen.append(len(group.items("/inventory", dealer_id=calm)))

    reporter = threading.Thread(target=report)
    reporter.start()
    try:
        mended = found(system, group, "read-model")["vehicles"]["differing"]
    finally:
        done.set()
        reporter.join()
    assert mended > len(vins)
    assert set(seen) == {len(vins)}
    for vin, price in prices.items():
        group.until(calm, vin, list_price=price)
    poll(lambda: settled(system, group), "copies that equal their owners'")


def test_one_that_was_killed_goes_on_where_it_was(system: System, group: Group, calm: str) -> None:
    before = shown(system, group, "vehicle")
    tenant = group.admin.tenant_id
    sql(system, "DELETE FROM gateway.vehicle WHERE tenant_id = $1", arguments=[tenant])
    command = [sys.executable, "-c", "from doso.main import main; main()", "rebuild", "read-model"]
    killed = subprocess.run(
        [*command, "--data-dir", str(system.data_dir), "--tenant", str(tenant)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "DOSO_FAILPOINT": "rebuild.after_piece:2", "DOSO_FAILPOINTS_ALLOWED": ALLOWED},
    )  # fmt: skip
    assert killed.returncode == EXIT_CODE, killed.stderr
    back = len(shown(system, group, "vehicle"))
    assert 0 < back < len(before)
    told = rebuild(system, group, "read-model")
    assert told["continued"] == 1
    assert told["steps"]["vehicles"]["missing"] == len(before)
    assert shown(system, group, "vehicle") == before
    [trail] = group.get("/audit", action="rebuilt", limit=1)["items"]
    assert trail["subject"] == "read-model"
    assert trail["details"]["vehicles: missing"] == len(before), "both runs together"
    assert sql(system, "SELECT FROM gateway.rebuild WHERE tenant_id = $1", arguments=[tenant]) == []


def test_vehicles_are_what_was_reported_of_them_and_everybody_hears_of_it(
    system: System, group: Group, calm: str
) -> None:
    tenant = group.admin.tenant_id
    shown_before = shown(system, group, "vehicle")
    keys = sql(
        system,
        "DELETE FROM inventory.vehicle WHERE tenant_id = $1 AND vehicle_key ="
        " (SELECT max(vehicle_key) FROM inventory.vehicle WHERE tenant_id = $1) RETURNING vehicle_key",
        "UPDATE inventory.vehicle SET list_price = 1, status = 'departed' WHERE tenant_id = $1 AND vehicle_key IN"
        " (SELECT vehicle_key FROM inventory.vehicle WHERE tenant_id = $1 ORDER BY 1 LIMIT 2) RETURNING vehicle_key",
        arguments=[tenant],
    )
    wrong = found(system, group, "read-model", "--dry-run")
    assert wrong["histories"] == {"differing": len(keys), "missing": 1}
    assert found(system, group, "read-model")["histories"] == {"differing": len(keys), "missing": 1}
    assert found(system, group, "read-model") == {}
    assert without_version(shown(system, group, "vehicle")) == without_version(shown_before)

    def heard() -> bool:
        [row] = sql(
            system,
            "SELECT count(*) FILTER (WHERE u.version = v.version AND o.version = v.version) = count(*) AS all"
            " FROM inventory.vehicle v JOIN recommend.unit u USING (tenant_id, vehicle_key)"
            " JOIN market.own_unit o USING (tenant_id, vehicle_key) WHERE v.tenant_id = $1",
            arguments=[tenant],
        )
        return bool(row["all"])

    poll(heard, "the vehicles put right at all who read them")


def without_version(rows: list[str]) -> list[dict[str, Any]]:
    """Leave out what a vehicle that is published anew must have new."""
    told = [json.loads(row) for row in rows]
    for row in told:
        row.pop("version")
        for name in ("aggregate_version", "event_id"):
            row["document"].pop(name)
    return sorted(told, key=lambda row: str(row["vehicle_key"]))


def test_others_are_left_alone(system: System, group: Group, calm: str) -> None:
    stranger = uuid4()
    sql(
        system,
        "INSERT INTO gateway.vehicle SELECT (jsonb_populate_record(v, jsonb_build_object('tenant_id', $2::uuid))).*"
        " FROM gateway.vehicle v WHERE tenant_id = $1 LIMIT 1",
        arguments=[group.admin.tenant_id, stranger],
    )
    assert found(system, group, "read-model") == {}
    rows = sql(system, "DELETE FROM gateway.vehicle WHERE tenant_id = $1 RETURNING 1", arguments=[stranger])
    assert len(rows) == 1


def test_markets_are_worked_out_anew_for_all_who_read_them(system: System, group: Group, calm: str) -> None:
    tenant = group.admin.tenant_id
    [versions] = sql(
        system,
        "UPDATE market.own_unit SET segment = 'used/none/none' WHERE tenant_id = $1",
        "DELETE FROM recommend.market WHERE tenant_id = $1",
        "UPDATE market.statistic SET document = document || '{\"own_stock\": 0}' WHERE tenant_id = $1",
        "SELECT count(*) AS n, sum(version) AS versions FROM market.statistic WHERE tenant_id = $1",
        arguments=[tenant],
    )
    wrong = found(system, group, "market")
    assert wrong["own vehicles"]["differing"] > 0
    [after] = sql(
        system,
        "SELECT count(*) AS n, sum(version) AS versions, sum((document->>'own_stock')::int) AS stock"
        " FROM market.statistic WHERE tenant_id = $1",
        arguments=[tenant],
    )
    assert after["versions"] >= versions["versions"] + versions["n"], "each is told again, under a new version"
    assert after["stock"] > 0

    def told() -> bool:
        [row] = sql(
            system,
            "SELECT count(*) FILTER (WHERE g.version = s.version AND r.version = s.version) = count(*) AS all"
            " FROM market.statistic s LEFT JOIN gateway.market g USING (tenant_id, dealer_id, segment)"
            " LEFT JOIN recommend.market r USING (tenant_id, dealer_id, segment) WHERE s.tenant_id = $1",
            arguments=[tenant],
        )
        return bool(row["all"])

    poll(told, "the new markets at all who read them")
    assert found(system, group, "market", "--dry-run") == {}
