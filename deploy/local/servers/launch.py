"""Becomes a server: ties its life to the owner's, gives up root where told to, then executes the command.

A script of its own, run as a fresh interpreter that the command replaces, because code between fork and exec
in a process with threads may deadlock. It imports the standard library only, so that it starts quickly.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522


class CapabilityHeader(ctypes.Structure):
    """The kernel's `__user_cap_header_struct`: structure version and process, 0 being the caller."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilitySets(ctypes.Structure):
    """The kernel's `__user_cap_data_struct`: 32 capability bits of each set."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main(arguments: Sequence[str]) -> None:
    """Replace this process by the command given after `--`; raises OSError if the kernel refuses a step."""
    options = _parse(arguments)
    linux = sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True) if linux else None
    if options.uid is not None:
        if libc is not None and options.cross_closed_directories:
            _prctl(libc, PR_SET_KEEPCAPS, 1)
        os.setgroups([])
        os.setgid(options.gid)
        os.setuid(options.uid)
        if libc is not None and options.cross_closed_directories:
            _keep_file_access(libc)
    if libc is not None:
        # After setuid, because a change of credentials clears it.
        _prctl(libc, PR_SET_PDEATHSIG, options.death_signal)
        if os.getppid() != options.owner:
            sys.exit("the owner ended before its server began")
    os.execv(options.command[0], options.command)  # noqa: S606  (the whole point of this script)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--owner", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--cross-closed-directories", action="store_true")
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def _keep_file_access(libc: ctypes.CDLL) -> None:
    """Hold on to CAP_DAC_OVERRIDE alone, across exec, to cross a closed home directory above the data."""
    header = CapabilityHeader(LINUX_CAPABILITY_VERSION_3, 0)
    bit = 1 << CAP_DAC_OVERRIDE
    sets = (CapabilitySets * 2)(CapabilitySets(bit, bit, bit), CapabilitySets(0, 0, 0))
    if libc.capset(ctypes.byref(header), sets) != 0:
        _raise_errno("capset")
    _prctl(libc, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE)


def _prctl(libc: ctypes.CDLL, option: int, *values: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if libc.prctl(ctypes.c_int(option), *padded) != 0:
        _raise_errno(f"prctl({option})")


def _raise_errno(call: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{call}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
