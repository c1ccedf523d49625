"""The sample group's files: marked as generated, repeatable, and soiled only where they say so."""

from __future__ import annotations

import csv
import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from doso.sample_group import DirtyRow, SampleGroup, vin, write_sample_group

AS_OF = date(2026, 11, 21)
# The columns of each file that hold: VIN, price, mileage, dates, stock date, sale date (empty: none).
COLUMNS = {
    "lakeshore-toyota-sample/inventory.csv": ("VIN", "SellingPrice", "Miles", "DateInStock", ""),
    "lakeshore-honda-sample/inventory.tsv": ("vin", "price", "mileage", "date_in_stock", ""),
    "lakeshore-value-cars-sample/inventory.csv": ("VIN", "Price", "Mileage", "", ""),
    "lakeshore-toyota-sample/sales.csv": ("vin", "sale_price", "mileage", "stock_date", "sale_date"),
    "lakeshore-honda-sample/sales.csv": ("VIN", "Sale Price", "Odometer", "Date In Stock", "Deal Date"),
    "lakeshore-value-cars-sample/sales.csv": ("VIN", "SalePrice", "Mileage", "", "SaleDate"),
    "market.csv": ("vin", "price", "mileage", "first_seen", "last_seen"),
}
US_DATES = {"lakeshore-toyota-sample/inventory.csv", "lakeshore-honda-sample/sales.csv"}


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> SampleGroup:
    return write_sample_group(tmp_path_factory.mktemp("sample"), 7, AS_OF)


@pytest.fixture(scope="module")
def directory(group: SampleGroup) -> Path:
    return group.market_file.parent


def lines_of(path: Path) -> list[list[str]]:
    """Split a file into the cells of each line, blank lines included, so that index 0 is line 1."""
    text = path.read_text(encoding="utf-8-sig")
    delimiter = "\t" if path.suffix == ".tsv" else ";" if text.partition("\n")[0].count(";") > 3 else ","
    return list(csv.reader(text.splitlines(), delimiter=delimiter))


def day_of(text: str, file: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y" if file in US_DATES else "%Y-%m-%d").date()  # noqa: DTZ007


def faults_of(cells: list[str], header: list[str], file: str, seen: set[str]) -> list[str]:  # noqa: C901
    """Find what is wrong with a line, knowing nothing of how it was soiled."""
    if not cells:
        return ["blank"]
    if cells == header:
        return ["header"]
    vin_column, price, mileage, stock_date, sale_date = COLUMNS[file]
    row = dict(zip(header, cells, strict=True))
    found = [] if vin.is_valid(row[vin_column]) else [vin_column]
    key = row[vin_column] + (row[sale_date] if sale_date in header and file != "market.csv" else "")
    if row[vin_column] and key in seen:
        found.append(vin_column)
    seen.add(key)
    number = row[price].removesuffix(" USD")
    if not number.isdigit() or int(number) == 0:
        found.append(price)
    if not row[mileage].removesuffix(" miles").isdigit():
        found.append(mileage)
    if "Age" in header and not row["Age"].isdigit():
        found.append("Age")
    days = {}
    for column in filter(None, (stock_date, sale_date)):
        try:
            days[column] = day_of(row[column], file)
        except ValueError:
            found.append(column)
        else:
            if days[column] >= AS_OF:
                found.append(column)
    if len(days) == 2 and days[stock_date] > days[sale_date]:
        found.append(stock_date)
    return found + [column for column, text in zip(header, cells, strict=True) if text != text.strip()]


def test_exactly_the_labelled_lines_are_dirty(group: SampleGroup, directory: Path) -> None:
    for file in COLUMNS:
        header, *rows = lines_of(directory / file)
        seen: set[str] = set()
        found = {line: faults_of(cells, header, file, seen) for line, cells in enumerate(rows, start=2)}
        labelled = {row.line: row for row in group.dirty_rows if row.file == file and row.line > 1}
        assert {line for line, faults in found.items() if faults} == set(labelled), file
        for line, row in labelled.items():
            if row.field:
                assert row.field in found[line], row
            else:
                assert found[line] in (["blank"], ["header"]), row


def raw_line(row: DirtyRow, directory: Path) -> str:
    return (directory / row.file).read_text(encoding="utf-8").split("\n")[row.line - 1]


def test_labels_point_at_the_physical_line(group: SampleGroup, directory: Path) -> None:
    marks = {
        "dollar sign": r"\$\d",
        "comma and unit": r"\d,\d{3} mi\b|\b\d{1,3} mi\b",
        "below zero": r"[,\t;]-\d",
        "not a number": "call us",
        "trailing spaces": r"\w   [,\t;]",
        "empty line": r"^$",
        "byte-order mark": "^\ufeff",
        "semicolon": ";",
        "negative days": ",-45,",
    }
    checked = set()
    for row in group.dirty_rows:
        for mark, pattern in marks.items():
            if mark in row.reason:
                assert re.search(pattern, raw_line(row, directory)), row
                checked.add(mark)
    assert checked == set(marks)


def test_outcomes_are_few_and_mostly_rejects(group: SampleGroup) -> None:
    outcomes = [row.outcome for row in group.dirty_rows]
    assert 10 <= outcomes.count("reject") <= 20
    assert 10 <= outcomes.count("clean") <= 25
    assert 1 <= outcomes.count("skip") <= 10


def test_every_file_and_name_says_that_it_is_a_sample(group: SampleGroup, directory: Path) -> None:
    assert "generated sample" in group.name
    assert [store.name for store in group.stores] == [
        "Lakeshore Toyota (sample)",
        "Lakeshore Honda (sample)",
        "Lakeshore Value Cars (sample)",
    ]
    for file in COLUMNS:
        header, *rows = lines_of(directory / file)
        assert all(any("(sample)" in cell for cell in cells) for cells in rows if cells and cells != header), file


def test_the_manifest_counts_the_files(group: SampleGroup, directory: Path) -> None:
    manifest = json.loads(group.manifest_file.read_text(encoding="utf-8"))
    assert manifest["generated"] is True
    assert (manifest["seed"], manifest["as_of"]) == (7, "2026-11-21")
    assert set(manifest["files"]) == set(COLUMNS)
    for file, counts in manifest["files"].items():
        assert counts["lines_after_header"] == len(lines_of(directory / file)) - 1
        rejected = sum(row.file == file and row.outcome == "reject" for row in group.dirty_rows)
        assert counts["reject"] == rejected
    assert len(manifest["dirty_rows"]) == len(group.dirty_rows)


def test_the_group_points_at_its_files(group: SampleGroup, directory: Path) -> None:
    paths = [path for store in group.stores for path in (store.inventory_file, store.sales_file)]
    assert {path.relative_to(directory).as_posix() for path in (*paths, group.market_file)} == set(COLUMNS)
    assert (group.currency, group.region, group.timezone) == ("USD", "US-MI", "America/Detroit")


def test_stock_is_advertised_and_sold_units_are_neither_in_stock_nor_advertised(directory: Path) -> None:
    vins: dict[str, set[str]] = {}
    for file, (column, *_) in COLUMNS.items():
        header, *rows = lines_of(directory / file)
        place = header.index(column)
        vins[file] = {cells[place].upper() for cells in rows if cells and vin.is_valid(cells[place].upper())}
    stock = set().union(*(found for file, found in vins.items() if "inventory" in file))
    sold = set().union(*(found for file, found in vins.items() if "sales" in file))
    assert not stock & sold
    assert not sold & vins["market.csv"]
    assert len(stock & vins["market.csv"]) > 0.7 * len(stock)


def test_equal_seed_and_date_give_equal_bytes_and_another_seed_does_not(
    group: SampleGroup, directory: Path, tmp_path: Path
) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    write_sample_group(again, 7, AS_OF)
    write_sample_group(other, 8, AS_OF)
    for file in (*COLUMNS, group.manifest_file.name):
        assert (again / file).read_bytes() == (directory / file).read_bytes()
        assert (other / file).read_bytes() != (directory / file).read_bytes()


@pytest.mark.parametrize("as_of", [date(2025, 1, 1), date(2028, 2, 29), date(2039, 12, 31)])
def test_any_day_in_range_can_be_the_as_of_date(as_of: date, tmp_path: Path) -> None:
    group = write_sample_group(tmp_path, 0, as_of)
    _, *rows = lines_of(group.stores[0].sales_file)
    days = [date.fromisoformat(row[1]) for row in rows if row and re.fullmatch(r"\d{4}-\d\d-\d\d", row[1])]
    assert as_of - timedelta(days=4) <= max(days) < as_of
    assert min(days) >= as_of - timedelta(days=730)


@pytest.mark.parametrize(
    ("seed", "as_of", "message"),
    [
        (-1, AS_OF, "seed is -1"),
        (1, date(2024, 12, 31), "2025 to 2039"),
        (1, datetime(2026, 1, 1, 12), "calendar date"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_generated_is_refused(seed: int, as_of: date, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        write_sample_group(tmp_path, seed, as_of)
    assert not list(tmp_path.iterdir())
