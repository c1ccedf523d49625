"""A command that is told to end leaves nothing half made behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from doso.terminated import tell_of_drafts

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

WORK = """
import asyncio, sys, tempfile
from doso.terminated import as_by_ctrl_c

async def work():
    try:
        print(folder, flush=True)
        await asyncio.sleep(60)
    finally:
        print("cleared", flush=True)

with as_by_ctrl_c(), tempfile.TemporaryDirectory(dir=sys.argv[1]) as folder:
    asyncio.run(work())
"""


def test_told_to_end_it_clears_up_as_after_ctrl_c(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WORK, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().startswith(str(tmp_path))
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "cleared\n"
        assert process.wait(timeout=60) != 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".doso-backup-x1").mkdir()
    (tmp_path / "doso.tar").touch()
    tell_of_drafts(tmp_path, ".doso-backup-*")
    told = capsys.readouterr().err
    assert str(tmp_path / ".doso-backup-x1") in told
    assert "doso.tar" not in told
