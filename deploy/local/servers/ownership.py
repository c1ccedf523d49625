"""Who may run a server over a data directory, and what an owner that died left running there."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import psutil

from deploy.local.servers.process import POLL_SECONDS, ServerError

KILL_SECONDS = 5.0


class Ownership:
    """The process's claim on a data directory; the kernel gives it up when the process dies, however it dies.

    A POSIX record lock, not flock: a worker process forked from the owner must not keep the claim alive. Such
    locks do not exclude within one process, hence `_held`.
    """

    _held: ClassVar[set[Path]] = set()

    def __init__(self, lock: Path) -> None:
        """Prepare a claim by the file `lock`, beside the directory; nothing is touched until `acquire`."""
        self._lock = lock
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Claim the directory; raises ServerError naming the process that has it."""
        if self._lock in self._held:
            raise ServerError(self._taken_by(os.getpid()))
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(descriptor, 20).decode("ascii", errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise ServerError(self._taken_by(owner)) from error
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        self._held.add(self._lock)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the claim up; without one, do nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._held.discard(self._lock)

    def _taken_by(self, owner: int | str) -> str:
        return (
            f"the data beside {self._lock} is in use by process {owner}; stop that process or choose another "
            "data directory"
        )


def stop_left_over(program: str, directory: Path, number: signal.Signals, timeout: float) -> None:
    """Stop every process of `program` working in `directory`: by signal `number`, after `timeout` s by force.

    To be called by the owner of the directory: whatever runs there then belongs to an owner that is dead.
    Raises ServerError if one cannot be stopped.
    """
    left_over = [found for found in psutil.process_iter() if _works_in(found, program, directory)]
    for step, seconds in ((number, timeout), (signal.SIGKILL, KILL_SECONDS)):
        for process in left_over:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(step)
        deadline = time.monotonic() + seconds
        while (left_over := [found for found in left_over if _alive(found)]) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
    if left_over:
        pids = ", ".join(str(process.pid) for process in left_over)
        message = f"{program} processes {pids} of an earlier run hold {directory} and did not stop; end them"
        raise ServerError(message)


def _works_in(process: psutil.Process, program: str, directory: Path) -> bool:
    try:
        return process.name() == program and process.cwd() == str(directory)
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return False  # Another account's process cannot work in a directory that is closed to it.


def _alive(process: psutil.Process) -> bool:
    # A container's first process often reaps nobody, so the dead stay in the table as zombies. One that has
    # other threads is still dying, with its files and locks held.
    try:
        dead = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        return process.is_running() and not dead
    except psutil.NoSuchProcess:
        return False
