"""What each process costs: processor time with everything it started, and resident memory."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSIONS = frozenset({"PostgreSQL"})
"""Parts whose children are the part itself; elsewhere they are workers that compute."""


WORKERS = " workers"


@dataclass(frozen=True, slots=True)
class Processor:
    """Seconds of processor time by part of the system, user and system, since each began."""

    seconds: dict[str, float]

    def since(self, earlier: Processor) -> dict[str, float]:
        """Give what was used since an earlier reading; what used nothing is left out."""
        used = {part: seconds - earlier.seconds.get(part, 0.0) for part, seconds in self.seconds.items()}
        return {part: seconds for part, seconds in used.items() if seconds > 0}


def read_processor(processes: Mapping[str, int]) -> Processor:
    """Read the processor time of processes; raises NoSuchProcess where one has ended.

    What a child used that has ended is in its parent's account, so nothing is lost. Children of this very
    process are left out: it started everything that is measured.
    """
    seconds: dict[str, float] = {}
    for part, pid in processes.items():
        root = psutil.Process(pid)
        own = root.cpu_times()
        seconds[part] = own.user + own.system
        if pid == os.getpid():
            continue
        others = own.children_user + own.children_system + sum(map(_seconds, root.children(recursive=True)))
        name = part if part in SESSIONS else part + WORKERS
        seconds[name] = seconds.get(name, 0.0) + others
    return Processor(seconds)


def read_resident(processes: Mapping[str, int]) -> dict[str, float]:
    """Read resident memory by part, in MB of a million bytes; raises NoSuchProcess where one has ended.

    Of PostgreSQL, whose sessions share most of theirs, and of workers that compute, the proportional size of all:
    each shared page divided by its users. Of every other process its own size.
    """
    sizes = {}
    for part, pid in processes.items():
        root = psutil.Process(pid)
        others = root.children(recursive=True) if pid != os.getpid() else []
        if part in SESSIONS:
            sizes[part] = sum(map(_proportional, [root, *others]))
            continue
        sizes[part] = root.memory_info().rss / 1e6
        if others:
            sizes[part + WORKERS] = sum(map(_proportional, others))
    return sizes


def _seconds(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        used = process.cpu_times()
        return float(used.user + used.system + used.children_user + used.children_system)
    return 0.0  # it ended just now, and is in its parent's account from the next reading on


def _proportional(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        return float(process.memory_full_info().pss) / 1e6
    return 0.0
