"""Jobs in a process of their own, and the most memory that such a process had."""

from __future__ import annotations

import multiprocessing
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Given = ParamSpec("Given")
Found = TypeVar("Found")

_STATUS = Path("/proc/self/status")
_PEAK = "VmHWM:"
_MEGABYTE = 1_000_000


def alone(job: Callable[Given, Found], *given: Given.args, **named: Given.kwargs) -> Found:
    """Do a job in a new process that does nothing else; raises what the job raises."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(job, *given, **named).result()


def peak_megabytes() -> float:
    """Read the most memory that was resident in this process at once, in MB of a million bytes."""
    # Linux starts a child's ru_maxrss at what its parent had: a small job of a large benchmark would look large.
    for line in _STATUS.read_text().splitlines() if _STATUS.exists() else ():
        if line.startswith(_PEAK):
            return int(line.split()[1]) * 1024 / _MEGABYTE
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024) / _MEGABYTE
