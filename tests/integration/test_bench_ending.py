"""However a benchmark ends, the system it started ends with it, and its database and broker with that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent.parent
PATIENCE_SECONDS = 240.0


def eventually(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def at_work_in(folder: Path) -> list[str]:
    """Name the processes that were started with a path in a folder, or work in one."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(folder) in each for each in [*process.cmdline(), process.cwd()]):
                found.append(process.name())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def signed_up(folder: Path) -> bool:
    """Tell whether the system's credentials lie somewhere in a folder, in which files come and go."""
    return any("credentials.json" in names for _, _, names in os.walk(folder))


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder for temporary files whose path is short enough for PostgreSQL's socket."""
    with tempfile.TemporaryDirectory(prefix="ending-") as name:
        yield Path(name)


@pytest.mark.parametrize(
    ("number", "when"),
    [(signal.SIGTERM, "starting"), (signal.SIGINT, "measuring"), (signal.SIGKILL, "measuring")],
    ids=["SIGTERM", "Ctrl-C", "SIGKILL"],
)
def test_a_benchmark_that_is_told_to_stop_leaves_nothing_running(
    tmp_path: Path, folder: Path, number: signal.Signals, when: str
) -> None:
    if number is signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent was killed")
    arguments = [
        "--only",
        "latency",
        "--broker",
        "memory",
        "--seconds",
        "600",
        "--json",
        str(tmp_path / "found.json"),
    ]
    log = tmp_path / "bench.log"
    with log.open("wb") as output:
        bench = subprocess.Popen(
            [sys.executable, "-m", "bench", *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def began() -> bool:
        assert bench.poll() is None, f"it ended by itself: {log.read_text()}"
        return signed_up(folder) if when == "measuring" else "postgres" in at_work_in(folder)

    try:
        eventually(began, f"it did not get to {when}")
        bench.send_signal(number)
        bench.wait(PATIENCE_SECONDS)
        eventually(lambda: not at_work_in(folder), f"still at work: {at_work_in(folder)}")
    finally:
        bench.kill()
        bench.wait()
    if number is signal.SIGKILL:
        return
    assert bench.returncode == 128 + number
    assert not list(folder.glob("doso-bench-*")), "its temporary folder is still there"
    assert not (tmp_path / "found.json").exists(), "nothing was measured to its end"


def test_a_second_signal_does_not_interrupt_the_stopping_and_computing_ends_too(tmp_path: Path) -> None:
    """A pool of processes that compute for ever, and a block that takes until the second signal to leave."""
    script = tmp_path / "measuring.py"
    script.write_text(
        """
import asyncio, itertools, multiprocessing, os, signal, sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from bench.ending import run_and_end

def for_ever(folder):
    open(os.path.join(folder, "computing"), "w").close()
    deque(itertools.count(), maxlen=0)

def compute(folder):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(for_ever, folder).result()

async def measure(folder):
    computing = asyncio.create_task(asyncio.to_thread(compute, folder))
    try:
        await computing
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.1)
        open(os.path.join(folder, "stopped"), "w").close()

if __name__ == "__main__":
    run_and_end(measure(sys.argv[1]))
"""
    )
    process = subprocess.Popen([sys.executable, script, tmp_path], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        eventually((tmp_path / "computing").exists, "it did not begin to compute")
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)
        eventually(lambda: not at_work_in(tmp_path), f"still at work: {at_work_in(tmp_path)}")
    finally:
        process.kill()
        process.wait()
    assert (tmp_path / "stopped").exists(), "the stopping was interrupted"
    assert process.returncode == 128 + signal.SIGTERM
