"""A server as a child process: its own log file, a bounded stop, and no life beyond its owner's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")
LOG_LIMIT_BYTES = 16 * 1024 * 1024
TAIL_BYTES = 4096
POLL_SECONDS = 0.02

# The kernel sends the death signal when the *thread* that started the child ends, and start() may be called
# from a worker thread that is gone long before the process is. This one lives as long as the interpreter.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="server-starter")


class ServerError(RuntimeError):
    """An embedded server could not be set up, started or reached; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system account a server runs as when the owner is root and the server refuses to be.

    `crosses_closed_directories`: a directory above its files admits only root, so the right to pass file
    permissions (CAP_DAC_OVERRIDE) has to be kept.
    """

    name: str
    uid: int
    gid: int
    crosses_closed_directories: bool = False


def bound_to_owner(
    arguments: Sequence[str], death_signal: signal.Signals, account: Account | None = None
) -> list[str]:
    """Give the arguments that start a command which, on Linux, gets ``death_signal`` should this process die.

    It is sent when the thread dies that starts the command.
    """
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER)]
    launcher += ["--owner", str(os.getpid()), "--death-signal", str(int(death_signal))]
    if account is not None:
        launcher += ["--uid", str(account.uid), "--gid", str(account.gid)]
        if account.crosses_closed_directories:
            launcher.append("--cross-closed-directories")
    return [*launcher, "--", *arguments]


@dataclass(frozen=True, slots=True)
class Command:
    """What to execute: arguments, working directory, environment and account (None: the owner's own)."""

    arguments: tuple[str, ...]
    working_directory: Path
    environment: Mapping[str, str] | None = None
    account: Account | None = None

    def start(self, output: int, death_signal: signal.Signals) -> subprocess.Popen[bytes]:
        """Start it with its output to `output`; on Linux it gets `death_signal` should this process die."""
        return _starter.submit(
            subprocess.Popen[bytes],
            bound_to_owner(self.arguments, death_signal, self.account),
            cwd=self.working_directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A Ctrl-C in the terminal is for the owner, which stops its servers last.
            start_new_session=True,
        ).result()

    def run(self, timeout: float) -> str:
        """Run it to its end within `timeout` seconds and give its output; raises ServerError on failure."""
        reading, writing = os.pipe()
        try:
            process = self.start(writing, signal.SIGKILL)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        with os.fdopen(reading, "rb") as pipe, ThreadPoolExecutor(1, "server-output") as reader:
            output = reader.submit(pipe.read)
            try:
                code = process.wait(timeout)
            except BaseException as error:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if not isinstance(error, subprocess.TimeoutExpired):
                    raise
                message = f"{self.arguments[0]} did not end within {timeout:.0f} s:\n{_text(output.result())}"
                raise ServerError(message) from error
            text = _text(output.result())
        if code != 0:
            message = f"{self.arguments[0]} ended with exit code {code}:\n{text[-TAIL_BYTES:]}"
            raise ServerError(message)
        return text


class ServerProcess:
    """One run of a server; its output is appended to `log`, which is set aside once it has grown large."""

    def __init__(self, command: Command, *, log: Path, death_signal: signal.Signals) -> None:
        """Start `command`, which gets `death_signal` should this process die (Linux only)."""
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        self._log = log
        with log.open("ab") as output:
            self._log_start = output.seek(0, os.SEEK_END)
            self._process = command.start(output.fileno(), death_signal)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def wait_until(self, ready: Callable[[], bool], what: str, timeout: float) -> None:
        """Wait until `ready()`; raises ServerError with the log's end if it dies or `timeout` s pass."""
        deadline = time.monotonic() + timeout
        while not ready():
            end = None
            if self.exit_code is not None:
                end = f"{what} ended while starting (exit code {self.exit_code})"
            elif time.monotonic() > deadline:
                end = f"{what} was not ready after {timeout:.0f} s"
            if end is not None:
                message = f"{end}; the end of {self._log}:\n{self.tail()}"
                raise ServerError(message)
            time.sleep(POLL_SECONDS)

    def stop(self, steps: Sequence[tuple[signal.Signals, float]]) -> None:
        """Send each signal in turn, giving it its seconds, then kill; returns when the process is gone."""
        for number, seconds in steps:
            if self.exit_code is not None:
                return
            self._process.send_signal(number)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        if self.exit_code is None:
            self._process.kill()
            self._process.wait()

    def tail(self) -> str:
        """Give the last lines this run wrote to its log."""
        with self._log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, size - TAIL_BYTES))
            return _text(log.read())


def _text(output: bytes) -> str:
    return output.decode("utf-8", errors="replace").strip()
