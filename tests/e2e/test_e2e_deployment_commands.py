"""The commands against a deployment say in one line what is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DOSO = Path(sys.executable).with_name("doso")


def doso(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([DOSO, *arguments], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("command", [["migrate"], ["create-admin", "--group", "Northside"]])
@pytest.mark.parametrize(
    ("dsn", "reason"),
    [
        ("postgresql://owner@127.0.0.1:1/doso", "Connect call failed"),
        ("nonsense", "invalid DSN"),
        ("", "no database"),
    ],
)
def test_a_database_that_is_not_there_is_one_line(command, dsn, reason) -> None:
    ended = doso(*command, "--dsn", dsn)
    assert ended.returncode == 1
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


def test_help_names_every_command() -> None:
    shown = doso("--help").stdout
    for name in ("up", "demo", "import", "migrate", "create-admin"):
        assert f" {name} " in shown
