"""A command that is told to end, by a service manager or a time limit, clears up as after Ctrl-C."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from doso.console import err


@contextmanager
def as_by_ctrl_c() -> Iterator[None]:
    """Have SIGTERM end the block as Ctrl-C does, so that what it made half, secrets too, is removed."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a script's shell has it for what runs beside it
            signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def tell_of_drafts(folder: Path, pattern: str) -> None:
    """Name what a run left that was killed outright, and could not clear up; another one may be under way."""
    for draft in sorted(folder.glob(pattern)):
        err.print(
            f"{draft} is of another run. If none is under way, it was killed: delete this, which may hold SECRETS",
            style="yellow",
            soft_wrap=True,
        )
