"""What each process costs: processor time with everything it started, and resident memory."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Usage:
    """By part of the system: seconds of processor time since its start, and megabytes (10^6 bytes) resident."""

    processor: dict[str, float]
    resident: dict[str, float]

    def since(self, earlier: Usage) -> dict[str, float]:
        """Give the processor seconds by part since an earlier reading."""
        return {part: seconds - earlier.processor[part] for part, seconds in self.processor.items()}


def read_usage(processes: Mapping[str, int]) -> Usage:
    """Read the usage of processes and all that they started; raises NoSuchProcess where one has ended.

    Time of the system counts as well as the program's own. What a child used that has ended is in its
    parent's account, so nothing is lost. Memory is that of the process itself, but for PostgreSQL, whose
    sessions share most of theirs: there it is proportional (each shared page divided by its users).
    """
    processor, resident = {}, {}
    for part, pid in processes.items():
        root = psutil.Process(pid)
        # The load generator is this process, and everything that is measured is a child of it.
        family = [root] if pid == os.getpid() else [root, *root.children(recursive=True)]
        processor[part] = sum(map(_own_seconds if pid == os.getpid() else _seconds, family))
        resident[part] = sum(map(_proportional, family)) if part == "PostgreSQL" else root.memory_info().rss / 1e6
    return Usage(processor, resident)


def _seconds(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        used = process.cpu_times()
        return float(used.user + used.system + used.children_user + used.children_system)
    return 0.0  # it ended just now, and is in its parent's account from the next reading on


def _own_seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def _proportional(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        return float(process.memory_full_info().pss) / 1e6
    return 0.0
