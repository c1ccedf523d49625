"""A first start that fails late must not lock anybody out."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.conftest import ROOT, start_system


def test_a_taken_port_is_said_and_the_next_start_has_credentials(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        failed = subprocess.run(
            [sys.executable, "-c", "from doso.main import main; main()", "up", "--port", port,
             "--data-dir", str(data), "--broker", "memory"],
            cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
    assert failed.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in failed.stderr
    system = start_system(data, "memory")
    try:
        known = json.loads((data / "credentials.json").read_text())
        form = {"username": known["username"], "password": known["password"]}
        assert httpx.post(f"{system.url}/api/v1/auth/token", data=form, timeout=30).status_code == 200
    finally:
        assert system.stop() == 0
