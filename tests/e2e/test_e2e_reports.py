"""Reports on the running system: the page's rows, as files that open and do no harm."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from python_calamine import CalamineWorkbook

from tests.e2e.conftest import new_vin, poll, stock_row
from tests.unit.gateway.test_gateway_reports import text_of

if TYPE_CHECKING:
    from tests.e2e.conftest import Client, Group

KINDS = ("inventory", "summary", "recommendations", "gaps", "feedback")
COUNT = 7
EVIL = '=HYPERLINK("http://evil","click")'


@pytest.fixture(scope="module")
def dealer(group: Group) -> str:
    """A rooftop in Berlin with a few units, one of which would be a formula."""
    dealer = group.dealer("Größe Autos", currency="EUR", timezone="Europe/Berlin", region="DE")
    rows = [stock_row(new_vin(), 20_000 + 500 * place) for place in range(COUNT)]
    rows[0]["Trim"] = EVIL
    rows[1]["Stock #"] = "-5"
    assert group.stock(dealer, rows)["accepted"] == COUNT
    poll(lambda: len(group.items("/inventory", dealer_id=dealer)) == COUNT, "all units")
    return dealer


def file(client: Client, name: str, **params: Any) -> bytes:
    answer = client.http.get(f"/reports/{name}", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith(
        f'attachment; filename="{name.split(".", maxsplit=1)[0]}-20'
    )
    return answer.content


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_has_the_pages_rows_in_its_order(group: Group, dealer: str) -> None:
    params = {"dealer_id": dealer, "sort": "price", "min_price": "20500"}
    shown = group.items("/inventory", **params)
    content = file(group, "inventory.csv", **params)
    found = lines(content)
    assert [(row["VIN"], row["List price"], row["Days"]) for row in found] in [
        [(item["vin"], item["list_price"], str(item["days"])) for item in page]
        for page in (shown, group.items("/inventory", **params))  # a day may have begun between
    ]
    assert len(found) == COUNT - 1
    assert {(row["Rooftop"], row["Currency"]) for row in found} == {("Größe Autos", "EUR")}
    assert not content.startswith(b"\xef\xbb\xbf")
    assert file(group, "inventory.csv", **params, bom="true") == b"\xef\xbb\xbf" + content


def test_no_cell_is_a_formula(group: Group, dealer: str) -> None:
    found = lines(file(group, "inventory.csv", dealer_id=dealer, sort="price"))
    assert (found[0]["Trim"], found[1]["Stock no."]) == (f"'{EVIL}", "-5")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(file(group, "inventory.xlsx", dealer_id=dealer, sort="price")))
    header, first, *rest = sheet.get_sheet_by_index(0).to_python()
    assert first[header.index("Trim")] == EVIL
    assert first[header.index("List price")] == 20_000.0
    assert len(rest) == COUNT - 1


def test_pdf_says_whose_it_is_as_of_when_and_with_which_filters(group: Group, dealer: str) -> None:
    content = file(group, "inventory.pdf", dealer_id=dealer, condition="used")
    assert content.startswith(b"%PDF-")
    text = text_of(content)
    for expected in ("A group", "Größe Autos", "money in EUR", "condition: used", "page 1 of 1", " CE"):
        assert expected in text, expected
    assert all(item["vin"] in text for item in group.items("/inventory", dealer_id=dealer))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_every_report_comes_in_every_form(group: Group, dealer: str, kind: str, form: str) -> None:
    starts = {"csv": b"Rooftop,", "xlsx": b"PK", "pdf": b"%PDF-"}
    assert file(group, f"{kind}.{form}", dealer_id=dealer).startswith(starts[form])


def test_summary_has_the_figures_of_its_page(group: Group, dealer: str) -> None:
    (page,) = group.get("/inventory/summary", dealer_id=dealer)
    found = {row["Stock"]: row for row in lines(file(group, "summary.csv", dealer_id=dealer))}
    assert set(found) == {"all", "used", "new"}
    assert (found["all"]["Units"], found["all"]["At cost"]) == (str(COUNT), page["all"]["value_at_cost"])
    oldest = page["used"]["buckets"][-1]
    assert found["used"]["91+ days"] == str(oldest["units"])
    assert found["used"]["91+ group days"] == str(oldest["group_units"])
    assert found["all"]["Average group days"] == str(page["all"]["average_group_days"])


def test_reports_keep_to_the_scope_and_name_what_is_wrong(group: Group, dealer: str) -> None:
    person = group.person("viewer", [group.dealer()])
    assert lines(file(person, "inventory.csv")) == []
    for kind in KINDS:
        person.problem(404, "GET", f"/reports/{kind}.csv", params={"dealer_id": dealer})
    group.problem(404, "GET", "/reports/salaries.csv")
    assert group.problem(422, "GET", "/reports/inventory.docx")["errors"][0]["field"] == "path.format"
    assert group.problem(422, "GET", "/reports/gaps.csv", params={"sort": "x"})["errors"][0]["field"] == "sort"
    assert (
        group.problem(422, "GET", "/reports/summary.csv", params={"make": "x"})["errors"][0]["field"] == "query.make"
    )
    group.dms.headers.pop("Authorization", None)
    assert group.dms.get("/reports/inventory.csv").status_code == 403
