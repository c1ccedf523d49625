"""The operator's commands at the running system: it is well, and its audit trail holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.conftest import System
    from tests.e2e.conftest import Group


def doso(*arguments: str) -> tuple[int, Any]:
    done = subprocess.run(
        [sys.executable, "-c", "from doso.main import main; main()", *arguments, "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env={**os.environ},
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_the_running_system_is_well(system: System) -> None:
    code, found = doso("doctor", "--data-dir", str(system.data_dir))
    assert [each for each in found if each["status"] == "FAIL"] == []
    assert code == 0
    checks = {
        "secrets", "transport", "roles", "tenancy", "migrations", "sources", "topics", "clock", "flags", "files", "disk",
    }  # fmt: skip
    assert {each["check"] for each in found} == checks


def test_the_trail_of_the_running_system_holds(system: System, group: Group) -> None:
    group.dealer()
    head = group.get("/audit/head")["hash"]
    code, found = doso("audit", "verify", "--data-dir", str(system.data_dir), "--expect-head", head)
    assert (code, found["holds"]) == (0, True)
    tenant = str(group.admin.tenant_id)
    (chain,) = [each for each in found["chains"] if each["tenant_id"] == tenant]
    assert chain["head"] == head
