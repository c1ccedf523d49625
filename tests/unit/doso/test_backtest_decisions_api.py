"""A store's history read from a running installation."""

from __future__ import annotations

import json
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import typer
from typer.testing import CliRunner

from doso.backtest.decisions import decisions
from doso.backtest.decisions.lives import from_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AS_OF = date(2026, 11, 21)
FIRST = AS_OF - timedelta(days=540)


def sold_camry(number: int) -> dict[str, Any]:
    """Give a vehicle as the API does: every ninth day one comes, and each sells after 25 days."""
    stocked = FIRST + timedelta(days=9 * number)
    return {
        "vehicle_key": f"C{number}", "status": "sold", "segment": "used/toyota/camry", "condition": "used",
        "make": "Toyota", "model": "Camry", "model_year": 2022, "odometer": 10_000, "odometer_unit": "mi",
        "cost": "17000.00", "list_price": "20500.00", "sale_price": "20100.00", "purchase_type": "retail",
        "front_gross": "2300.00", "stock_date": stocked.isoformat(),
        "exit_date": (stocked + timedelta(days=25)).isoformat(),
    }  # fmt: skip


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(decisions)
    return made


def test_vehicles_of_the_api_become_lives() -> None:
    document = sold_camry(0)
    order = {**document, "status": "on_order"}
    lane = {**document, "vehicle_key": "V2", "status": "wholesaled"}
    first, second = from_documents([document, order, lane])
    assert first.retailed
    assert first.odometer_km == pytest.approx(16_093.44)
    assert (first.stocked, first.left) == (FIRST, FIRST + timedelta(days=25))
    assert first.known_gross() == 2_300.0
    assert not second.retailed


class _Api(BaseHTTPRequestHandler):
    """Answers as the REST API does for one store whose Camrys sold."""

    def do_POST(self) -> None:
        self._answer({"access_token": "t"})

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path.endswith("/dealers"):
            self._answer({"items": [{"id": "d1", "name": "Northside"}]})
            return
        query = parse_qs(address.query)
        sold = [sold_camry(number) for number in range(56)] if query["status"] == ["sold"] else []
        place = int(query.get("cursor", ["0"])[0])
        after = str(place + 30) if place + 30 < len(sold) else None
        self._answer({"items": sold[place : place + 30], "next_cursor": after})

    def _answer(self, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep the test's output clean."""


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Path]:
    """Serve the API on a free port; gives the directory with the credentials."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    known = {"url": f"http://127.0.0.1:{server.server_port}", "username": "u", "password": "p"}
    (tmp_path / "credentials.json").write_text(json.dumps(known), encoding="utf-8")
    yield tmp_path
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_store_of_a_running_installation_is_replayed(app: typer.Typer, installation: Path) -> None:
    out = installation / "out.json"
    arguments = ["--dealer", "Northside", "--data-dir", str(installation), "--months", "2"]
    result = CliRunner().invoke(app, [*arguments, "--as-of", AS_OF.isoformat(), "--json", str(out)])
    assert result.exit_code == 0, result.output
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["dealer"] == "Northside"
    assert {each["key"] for each in found["purchases"]} <= {f"C{number}" for number in range(56)}
    assert found["purchases"]


def test_a_store_that_the_installation_has_not_is_named_with_those_it_has(
    app: typer.Typer, installation: Path
) -> None:
    result = CliRunner().invoke(app, ["--dealer", "Southside", "--data-dir", str(installation)])
    assert result.exit_code == 1
    assert "there are: Northside" in result.output
