"""Files handed in: whatever is wrong with one is said, and what is right in it is taken in."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import as_csv, new_vin, poll, stock_row

if TYPE_CHECKING:
    from tests.e2e.conftest import Group

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.fixture
def dealer(group: Group) -> str:
    return group.dealer()


def rows(count: int, **fields: object) -> list[dict[str, object]]:
    return [stock_row(new_vin(), 20_000 + 100 * place, **fields) for place in range(count)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (PNG, "PNG"),
        (b"", "empty"),
        (b"VIN,Price\n", "a header but no rows below it"),
        (b"Colour,Weight\nred,4\n", "VIN"),
        (b"x" * 2_000_000 + b"\nred\n", "VIN"),
    ],
    ids=["png", "empty", "header only", "no vin column", "one long line"],
)
def test_file_that_is_no_inventory_fails_with_the_reason(
    group: Group, dealer: str, content: bytes, words: str
) -> None:
    status = group.upload("inventory", dealer, content)
    assert (status["status"], status["accepted"]) == ("failed", 0)
    assert words.lower() in status["error"].lower(), status["error"]
    assert len(status["error"]) < 1_000
    assert status["finished_at"] is not None


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_accents_survive_the_encodings_of_the_trade(group: Group, dealer: str, encoding: str) -> None:
    row = stock_row(new_vin(), Model="Mégane", Trim="Édition spéciale")
    status = group.upload("inventory", dealer, as_csv([row]).decode().encode(encoding))
    assert (status["status"], status["accepted"]) == ("done", 1), status["error"]
    found = group.until(dealer, str(row["VIN"]), status="in_stock")
    assert (found["model"], found["trim"]) == ("Mégane", "Édition spéciale")


def test_what_a_file_says_is_what_is_shown(group: Group, dealer: str) -> None:
    row = stock_row(new_vin(), 23_500)
    status = group.stock(dealer, [row])
    assert (status["kind"], status["mode"], status["filename"]) == ("inventory", "snapshot", "file.csv")
    assert status["mapping"]["Internet Price"] == "list_price"
    assert status["events"] == {"vehicle.stocked": 1}
    found = group.until(dealer, str(row["VIN"]), status="in_stock")
    assert (found["list_price"], found["cost"], found["stock_date"]) == ("23500.00", "20500.00", "2026-01-05")
    assert (found["condition"], found["odometer"], found["odometer_unit"]) == ("used", 31_000, "mi")
    summary = group.get("/inventory/summary", dealer_id=dealer)[0]
    assert (summary["all"]["units"], summary["all"]["note"]) == (1, "no retail sales in the last 45 days")


@pytest.mark.parametrize("escaped", ["\\u0000", "\\ud800"], ids=["nul", "half a character"])
def test_what_no_database_holds_spoils_its_cell_alone(group: Group, dealer: str, escaped: str) -> None:
    named, unnamed = stock_row(new_vin(), 20_000, Trim="LXX"), stock_row(f"{new_vin()[:-3]}LXX", Trim="LXX")
    lines = "\n".join(json.dumps(row) for row in (named, unnamed)).replace("LXX", f"L{escaped}X")
    status = group.upload("inventory", dealer, lines.encode())
    assert (status["status"], status["accepted"], status["rejected"]) == ("done", 1, 1), status["error"]
    assert [error["field"] for error in status["errors"]] == ["vin"]
    found = group.until(dealer, str(named["VIN"]), status="in_stock")
    assert found["trim"] == "L\N{REPLACEMENT CHARACTER}X"


def test_bad_rows_are_refused_and_the_good_ones_taken_in(group: Group, dealer: str) -> None:
    good = rows(3)
    mistyped = str(good[0]["VIN"])[:8] + "X" + str(good[0]["VIN"])[9:]
    bad = [stock_row(mistyped), stock_row(new_vin(), -5, Cost=1), stock_row("")]
    mixed = [row for pair in zip(good, bad, strict=True) for row in pair]
    status = group.stock(dealer, mixed)
    assert (status["status"], status["rows"], status["accepted"], status["rejected"]) == ("done", 6, 3, 3)
    assert [(e["line"], e["field"]) for e in status["errors"]] == [(3, "vin"), (5, "list_price"), (7, "vin")]
    for row in good:
        group.until(dealer, str(row["VIN"]), status="in_stock")


def test_file_without_a_good_row_fails_and_names_each(group: Group, dealer: str) -> None:
    status = group.stock(dealer, [stock_row("X" * 5), stock_row("Y" * 5)])
    assert (status["status"], status["accepted"], status["rejected"]) == ("failed", 0, 2)
    assert "None of the 2 rows" in status["error"]
    assert len(status["errors"]) == 2


def test_file_of_another_kind_fails_with_the_columns_that_say_nothing_here(group: Group, dealer: str) -> None:
    content = b"vin,seen_date,new_price\n" + b"".join(b"%s,2026-01-05,21000\n" % new_vin().encode() for _ in range(3))
    status = group.upload("market", dealer, content)
    assert (status["status"], status["accepted"], status["rejected"]) == ("failed", 0, 3)
    assert status["error"].startswith("None of the 3 rows could be accepted, 3 of them for ")
    assert "Not recognised: seen_date, new_price; name them in the mapping" in status["error"]


def test_duplicate_vin_is_refused_once(group: Group, dealer: str) -> None:
    row = stock_row(new_vin())
    status = group.stock(dealer, [row, row])
    assert (status["accepted"], status["rejected"], status["events"]) == (1, 1, {"vehicle.stocked": 1})
    assert status["errors"][0]["line"] == 3


def test_refused_rows_are_downloaded_mended_and_sent_again(group: Group, dealer: str) -> None:
    vin = new_vin()
    broken = stock_row(vin[:8] + ("1" if vin[8] != "1" else "2") + vin[9:], 21_500, Trim='XLE, "Premium"')
    status = group.stock(dealer, [*rows(1), broken])
    answer = group.http.get(f"/inventory/imports/{status['id']}/rejected.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    (refused,) = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert refused.pop("line") == "3"
    assert "position 9" in refused.pop("reason")
    assert refused == {name: str(value) for name, value in broken.items()}, "the cells stand under their own columns"
    mended = answer.text.replace(str(broken["VIN"]), vin)
    again = group.upload("inventory", dealer, mended.encode(), mode="delta")
    assert (again["status"], again["accepted"], again["rejected"]) == ("done", 1, 0)
    found = group.until(dealer, vin, status="in_stock")
    assert (found["list_price"], found["trim"]) == ("21500.00", 'XLE, "Premium"')


def test_mapping_may_be_overridden(group: Group, dealer: str) -> None:
    row = stock_row(new_vin(), 22_000, Wunschpreis=19_900)
    status = group.stock(dealer, [row], mapping='{"Wunschpreis": "list_price", "Internet Price": null}')
    assert (status["status"], status["mapping"]["Wunschpreis"]) == ("done", "list_price"), status["error"]
    assert group.until(dealer, str(row["VIN"]), status="in_stock")["list_price"] == "19900.00"


def test_mapping_of_a_column_that_is_not_there_says_which_are(group: Group, dealer: str) -> None:
    status = group.stock(dealer, rows(1), mapping='{"Wunschpreis": "list_price"}')
    assert status["status"] == "failed"
    assert "Wunschpreis" in status["error"]
    assert "Internet Price" in status["error"]


@pytest.mark.parametrize("mapping", ["{", "[1]", '{"a": 1}'])
def test_mapping_that_is_no_mapping_is_refused_at_once(group: Group, dealer: str, mapping: str) -> None:
    form = {"dealer_id": dealer, "mapping": mapping}
    problem = group.problem(422, "POST", "/inventory/imports", data=form, files={"file": ("x.csv", as_csv(rows(1)))})
    assert problem["errors"][0]["field"] == "mapping"


def test_file_of_a_day_to_come_is_refused(group: Group, dealer: str) -> None:
    form = {"dealer_id": dealer, "as_of": str((datetime.now(UTC) + timedelta(days=2)).date())}
    problem = group.problem(422, "POST", "/inventory/imports", data=form, files={"file": ("x.csv", as_csv(rows(1)))})
    assert problem["errors"][0]["field"] == "as_of"


@pytest.mark.parametrize("kind", ["inventory", "sales", "market", "cargo"])
def test_unknown_rooftop_or_kind_is_not_here(group: Group, kind: str) -> None:
    form = {"dealer_id": "00000000-0000-4000-8000-000000000001"}
    status = 422 if kind == "cargo" else 404
    group.problem(status, "POST", f"/{kind}/imports", data=form, files={"file": ("x.csv", b"VIN\n")})


def test_import_is_found_only_under_its_own_kind(group: Group, dealer: str) -> None:
    status = group.stock(dealer, rows(1))
    group.problem(404, "GET", f"/sales/imports/{status['id']}")


def test_days_in_stock_are_told_only_where_they_are_known(group: Group, dealer: str) -> None:
    known, unknown = rows(2)
    group.stock(dealer, [known, {**unknown, "Date In Stock": ""}])
    dated, undated = (group.until(dealer, str(row["VIN"]), status="in_stock") for row in (known, unknown))
    age = (datetime.now(UTC).date() - date(2026, 1, 5)).days
    assert dated["days"] in {age - 1, age}, "midnight may have passed"
    assert dated["group_days"] == dated["days"]
    assert (undated["stock_date"], undated["days"], undated["group_days"]) == (None, None, None)


def test_new_price_in_a_second_snapshot_is_a_price_event(group: Group, dealer: str) -> None:
    first = rows(4)
    vins = [str(row["VIN"]) for row in first]
    assert group.stock(dealer, first)["events"] == {"vehicle.stocked": 4}
    _until_in_stock(group, dealer, vins)
    assert group.stock(dealer, first)["events"] == {}, "the same snapshot again is no news"
    before = _days_ago(0)
    moved = [{**first[0], "Internet Price": 18_000}, {**first[1], "Odometer": 31_020}, *first[2:]]
    assert group.stock(dealer, moved)["events"] == {"vehicle.priced": 1, "vehicle.updated": 1}
    found = group.until(dealer, vins[0], list_price="18000.00")
    today = found["priced_on"]
    assert today in {before, _days_ago(0)}
    assert found["stock_date"] < today
    assert found["price_history"] == [{"on": today, "price": "18000.00"}], (
        "before today nobody saw what it was asked for"
    )
    assert group.until(dealer, vins[1], odometer=31_020)["priced_on"] is None


def test_vehicle_missing_one_day_stays_and_missing_two_departs_and_may_come_back(group: Group, dealer: str) -> None:
    stock = rows(5)
    vins = [str(row["VIN"]) for row in stock]
    group.stock(dealer, stock, as_of=_days_ago(2))
    _until_in_stock(group, dealer, vins)
    yesterday = _days_ago(1)
    for _ in ("at nine", "at ten, from a feed that is still broken"):
        once = group.stock(dealer, stock[1:], as_of=yesterday)
        assert (once["status"], once["events"]) == ("done", {})
        assert "1 vehicles known at" in once["notes"][0]
        assert _in_stock(group, dealer) == set(vins)
    assert group.stock(dealer, stock[1:])["events"] == {"vehicle.departed": 1}
    group.until(dealer, vins[0], status="departed")
    assert group.stock(dealer, stock)["events"] == {"vehicle.stocked": 1}
    assert group.until(dealer, vins[0], status="in_stock")["stock_date"] == "2026-01-05"


def test_vehicle_seen_in_between_is_missing_anew(group: Group, dealer: str) -> None:
    stock = rows(5)
    group.stock(dealer, stock, as_of=_days_ago(3))
    _until_in_stock(group, dealer, [str(row["VIN"]) for row in stock])
    for day, file in ((2, stock[1:]), (1, stock), (0, stock[1:])):
        assert group.stock(dealer, file, as_of=_days_ago(day))["events"] == {}


def test_snapshot_that_lacks_much_is_refused_until_confirmed(group: Group, dealer: str) -> None:
    stock = rows(5)
    vins = [str(row["VIN"]) for row in stock]
    group.stock(dealer, stock)
    _until_in_stock(group, dealer, vins)
    refused = group.stock(dealer, stock[2:])
    assert (refused["status"], refused["accepted"]) == ("failed", 0)
    assert "lacks 2 of the 5 vehicles" in refused["error"]
    assert "confirm=true" in refused["error"]
    assert _in_stock(group, dealer) == set(vins)
    confirmed = group.stock(dealer, stock[2:], confirm="true")
    assert (confirmed["status"], confirmed["events"]) == ("done", {"vehicle.departed": 2})
    for vin in vins[:2]:
        group.until(dealer, vin, status="departed")
    assert _in_stock(group, dealer) == set(vins[2:])


def test_delta_lets_nothing_depart(group: Group, dealer: str) -> None:
    stock = rows(5)
    group.stock(dealer, stock)
    _until_in_stock(group, dealer, [str(row["VIN"]) for row in stock])
    for _ in range(2):
        assert group.stock(dealer, stock[4:], mode="delta")["events"] == {}
    assert len(_in_stock(group, dealer)) == 5


def _days_ago(days: int) -> str:
    return str(datetime.now(UTC).date() - timedelta(days=days))


def _in_stock(group: Group, dealer: str) -> set[str]:
    return {item["vin"] for item in group.items("/inventory", dealer_id=dealer)}


def _until_in_stock(group: Group, dealer: str, vins: list[str]) -> Any:
    return poll(lambda: _in_stock(group, dealer) == set(vins), "the stock to be shown")
