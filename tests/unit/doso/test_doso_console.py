"""What commands print of files and events is text: square brackets in it are no markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import typer
from typer.testing import CliRunner

from doso.client import Client
from doso.console import err, fail, out
from doso.import_file import import_file, show

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["Odometer [mi]", "Price [/unit]", "[/b]", "[bold red]"]


@pytest.mark.parametrize("name", NAMES)
def test_an_error_is_told_as_it_stands(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        fail(f"no dealer {name!r}")
    assert capsys.readouterr().err == f"Error: no dealer {name!r}\n"


@pytest.mark.parametrize("name", NAMES)
def test_an_import_is_told_as_it_stands(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(
        {
            "filename": f"{name}.csv", "rows": 3, "accepted": 1, "rejected": 2, "mapping": {name: "odometer"},
            "notes": [f"note {name}"], "warnings": [{"count": 1, "kind": f"kind {name}"}],
            "errors": [{"line": 2, "field": name, "reason": f"reason {name}"}],
        }
    )  # fmt: skip
    told = capsys.readouterr().out
    for part in (f"{name}.csv: 3 rows", f"{name} → odometer", f"note {name}", f"kind {name}", f"reason {name}"):
        assert part in told


def test_tables_take_their_cells_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    for console in (out, err):
        table = Table("[/b]", title="[/c]")
        table.add_row("[/d]")
        console.print(table)
    told = capsys.readouterr()
    for cell in ("[/b]", "[/c]", "[/d]"):
        assert cell in told.out
        assert cell in told.err


def test_a_system_that_does_not_answer_is_told_of_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_path: Path) -> Client:
        raise httpx.ConnectError("Connection refused")

    monkeypatch.setattr(Client, "from_credentials", away)
    file = tmp_path / "stock.csv"
    file.write_text("VIN\n")
    app = typer.Typer()
    app.command()(import_file)
    answer = CliRunner().invoke(app, [str(file), "--kind", "inventory", "--dealer", "Northside"])
    assert answer.exit_code == 1
    assert "is its `doso up` running?" in answer.stderr
    assert "Traceback" not in answer.stderr
