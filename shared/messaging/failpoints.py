"""Places where a process can be made to die, to prove that dying there loses nothing.

``DOSO_FAILPOINT=consumer.before_commit:3`` ends the process, as SIGKILL would, at the third pass. It is refused
unless ``DOSO_FAILPOINTS_ALLOWED=in-tests`` says that this is meant.
"""

import os
from collections.abc import Mapping

import structlog

POINTS = frozenset(
    {
        "transaction.before_commit",
        "transaction.after_commit",
        "consumer.before_commit",
        "consumer.after_commit",
        "relay.after_send",
        "rebuild.after_piece",
    }
)
EXIT_CODE = 86
ALLOWED = "in-tests"


class Failpoint:
    """One place and how many more passes it takes."""

    def __init__(self, name: str, passes: int) -> None:
        self.name, self.left = name, passes

    def reached(self, name: str) -> None:
        """Count a pass; the last one does not return."""
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                os._exit(EXIT_CODE)


def read(environment: Mapping[str, str]) -> Failpoint | None:
    """Read which place is armed; raises ``ValueError`` for one that is unknown, or not allowed here."""
    text = environment.get("DOSO_FAILPOINT")
    if not text:
        return None
    if environment.get("DOSO_FAILPOINTS_ALLOWED") != ALLOWED:
        raise ValueError(f"DOSO_FAILPOINT kills this process: unset it, or set DOSO_FAILPOINTS_ALLOWED={ALLOWED}")
    name, _, passes = text.partition(":")
    if name not in POINTS or not (passes or "1").isdecimal() or int(passes or 1) < 1:
        raise ValueError(f"DOSO_FAILPOINT={text}: say PLACE:PASSES, with PLACE one of {', '.join(sorted(POINTS))}")
    structlog.stdlib.get_logger("doso.failpoints").critical("this process will kill itself", failpoint=text)
    return Failpoint(name, int(passes or 1))


_armed = read(os.environ)


def reach(name: str) -> None:
    """Pass a place: nothing happens, unless it is the armed one."""
    if _armed is not None:
        _armed.reached(name)
