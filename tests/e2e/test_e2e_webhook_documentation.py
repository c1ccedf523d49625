"""docs/dms.md does what it says: its programs, copied out and run, deliver an event; so does the command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from services.gateway.adapters import ADAPTERS
from tests.conftest import ROOT
from tests.e2e.conftest import new_vin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import System
    from tests.e2e.conftest import Group

TEXT = (ROOT / "docs" / "dms.md").read_text(encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path, system: System, group: Group) -> tuple[Path, dict[str, str]]:
    """Give a directory with an event in it, and an environment that names a source."""
    made = group.http.post("/dms/sources", json={"name": f"Documented {uuid4().hex[:8]}"}).json()
    event = group.event(group.dealer(), "vehicle.stocked", new_vin(), make="Citroën", model="C5")
    (tmp_path / "event.json").write_text(json.dumps(event, ensure_ascii=False), encoding="utf-8")
    known = {"DOSO_URL": system.url, "SOURCE": made["id"], "SECRET": made["secret"]}
    return tmp_path, {**os.environ, **known, "PYTHONPATH": str(ROOT)}


def run(place: tuple[Path, dict[str, str]], *command: str) -> Any:
    done = subprocess.run(
        command, cwd=place[0], env=place[1], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def test_python_of_the_page_delivers(place: tuple[Path, dict[str, str]]) -> None:
    assert run(place, sys.executable, "-c", block("python"))["accepted"] == 1


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("curl")), reason="no openssl or no curl here")
def test_shell_of_the_page_delivers(place: tuple[Path, dict[str, str]]) -> None:
    assert run(place, "sh", "-euc", block("sh"))["accepted"] == 1


def test_command_delivers_and_a_repetition_has_no_effect(place: tuple[Path, dict[str, str]]) -> None:
    doso = [sys.executable, "-c", "from doso.main import main; main()"]
    send = [*doso, "webhook", "send", "event.json", "--source", place[1]["SOURCE"], "--url", place[1]["DOSO_URL"]]
    place[1]["DOSO_WEBHOOK_SECRET"] = place[1]["SECRET"]
    first = run(place, *send, "--id", "msg_1")
    assert (first["webhook-id"], first["accepted"]) == ("msg_1", 1)
    assert run(place, *send, "--id", "msg_1") == first
    assert run(place, *send)["duplicates"] == 1
    for secret, words in (("whsec_AAAA", "401"), ("nonsense!", "no secret of a source")):
        place[1]["DOSO_WEBHOOK_SECRET"] = secret
        refused = subprocess.run(send, cwd=place[0], env=place[1], capture_output=True, text=True, check=False)
        assert (refused.returncode, words in refused.stderr) == (1, True)


def test_page_names_every_adapter() -> None:
    assert [name for name in ADAPTERS if f"**`{name}`.**" not in TEXT] == []
