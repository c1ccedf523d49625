"""The command line against a running system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import Result
from typer.testing import CliRunner

from doso.main import app
from tests.e2e.conftest import as_csv, new_vin, sign_in, stock_row

if TYPE_CHECKING:
    from tests.conftest import System

ROOT = Path(__file__).parent.parent.parent
DEALER = "Command Line Motors"


def in_process(*arguments: str) -> Result:
    """Run a command without a process of its own, which takes seconds to import everything."""
    return CliRunner(env={"TERM": "dumb"}).invoke(app, list(arguments))


def doso(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from doso.main import main; main()", *arguments]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def dealer(system: System) -> str:
    """A rooftop of the installation's own first group, whose credentials the command line finds."""
    known = system.credentials
    with_body = {"name": DEALER, "currency": "USD", "region": "US-MI", "timezone": "UTC"}
    http = sign_in(f"{system.url}/api/v1", known["username"], known["password"])
    answer = http.post("/dealers", json=with_body)
    http.close()
    assert answer.status_code == 201
    return str(answer.json()["id"])


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    file = tmp_path / "stock.csv"
    file.write_bytes(as_csv([stock_row(new_vin()), stock_row(new_vin()), stock_row("nonsense")]))
    return file


def test_help_lists_the_commands() -> None:
    shown = doso("--help")
    assert shown.returncode == 0
    for command in ("up", "demo", "import", "migrate"):
        assert f" {command} " in shown.stdout


@pytest.mark.usefixtures("dealer")
def test_import_prints_counts_and_refused_rows(system: System, stock: Path) -> None:
    options = ("--kind", "inventory", "--mode", "delta", "--dealer", DEALER, "--data-dir", str(system.data_dir))
    done = doso("import", str(stock), *options)
    assert done.returncode == 0, done.stderr
    assert "stock.csv: 3 rows, 2 accepted, 1 rejected" in done.stdout
    assert "Internet Price → list_price" in done.stdout
    assert "nonsense" in done.stdout.lower() or "characters" in done.stdout


def test_import_writes_json(system: System, dealer: str, stock: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    options = ("--kind", "inventory", "--mode", "delta", "--dealer", dealer, "--data-dir", str(system.data_dir))
    done = in_process("import", str(stock), *options, "--json", str(out))
    assert done.exit_code == 0, done.stderr
    status = json.loads(out.read_text())
    assert (status["status"], status["rows"], status["accepted"], status["rejected"]) == ("done", 3, 2, 1)
    assert status["dealer_id"] == dealer


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--kind": "cargo"}, "--kind is inventory, sales or market"),
        ({"--dealer": "Nobody"}, "no dealer 'Nobody'; there are: "),
        ({"--mapping": "{"}, "mapping: no JSON"),
        ({"--as-of": "2999-01-01"}, "in the future"),
        ({"--data-dir": "nowhere"}, "start the system with `doso up`"),
    ],
)
def test_import_that_cannot_be_says_why(
    system: System, dealer: str, stock: Path, changes: dict[str, str], words: str
) -> None:
    options = {"--kind": "inventory", "--dealer": dealer, "--data-dir": str(system.data_dir), **changes}
    done = in_process("import", str(stock), *(part for option in options.items() for part in option))
    assert done.exit_code == 1, done.stdout
    assert words in done.stderr
    assert isinstance(done.exception, SystemExit), "an error in words, no traceback"


def test_import_of_a_picture_fails_with_the_reason(system: System, dealer: str, tmp_path: Path) -> None:
    file = tmp_path / "stock.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    options = ("--kind", "inventory", "--dealer", dealer, "--data-dir", str(system.data_dir))
    done = in_process("import", str(file), *options)
    assert done.exit_code == 1
    assert "PNG" in done.stderr


def test_second_system_on_the_same_data_is_refused(system: System) -> None:
    done = doso("up", "--port", "0", "--data-dir", str(system.data_dir), "--broker", "memory")
    assert done.returncode == 1
    assert f"in use by process {system.process.pid}" in done.stderr.replace("\n", " ")
