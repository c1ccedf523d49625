"""Characters that nothing can store spoil their cell, and no more."""

import imports_opened
import pytest
from imports_opened import Open, accepted, noticed
from imports_sample_files import ROWS, text_of

from services.gateway.imports import (
    InventoryRow,
    RejectedRow,
    WarningKind,
)

read = imports_opened.read


def test_a_nul_spoils_its_cell_alone(read: Open) -> None:
    bad_vin, bad_make = text_of().replace("9139,", "913\0,"), text_of().replace("Audi", "Au\0di")
    for encoding in ("utf-8", "utf-16"):
        refused, taken = read(bad_vin.encode(encoding))
        assert isinstance(refused, RejectedRow)
        assert (refused.line, refused.problems[0].field) == (2, "vin")
        assert "\0" not in "".join(cell or "" for cell in refused.cells)
        assert isinstance(taken, InventoryRow)
        reading = read(bad_make.encode(encoding))
        assert [row.make for row in accepted(reading)] == ["Au\N{REPLACEMENT CHARACTER}di", "Tesla"]
        assert WarningKind.DAMAGED_TEXT in noticed(reading)


@pytest.mark.parametrize("escaped", ["\\u0000", "\\ud83d"])
def test_what_no_database_holds_spoils_its_cell_alone(read: Open, escaped: str) -> None:
    shape = '{"vin": "%s", "make": "Audi", "model": "Q3", "condition": "used", "price": "20000", "%s": "S%s"}'
    for column in ("trim", "description"):
        items = [shape % (ROWS[0][0], column, escaped), shape % (ROWS[1][0], column, "")]
        for content in ("[" + ",".join(items) + "]", "\n".join(items)):
            first, _ = accepted(read(content))
            assert first.trim == ("S\N{REPLACEMENT CHARACTER}" if column == "trim" else None)
    named = read(f'[{{"vin": "{ROWS[1][0]}", "price": "20000", "a{escaped}": "S"}}]').description.header
    assert "".join(named).replace("\0", "").encode().decode() == "".join(named)
