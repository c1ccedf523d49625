"""How often an import is tried, and for how long it is held: none may stay running for ever."""

import errno

from shared.postgres import WorkTable

IMPORT_QUEUE = WorkTable("import")
IMPORT_LEASE = 120.0
"""Seconds; renewed while an import runs, so that what a dead gateway held is another's soon."""
MAX_STARTS = 3
GIVEN_UP = (
    f"Reading this file ended the gateway {MAX_STARTS} times, so it is given up. Rows counted as accepted were taken"
    " in. Split the file, or save it in another format (CSV is the plainest), and send it again."
)
NO_ROOM = (
    f"The gateway found no room on its own disk for this file, {MAX_STARTS} times. Nothing is wrong with the file:"
    " tell whoever runs the installation, and send it again later."
)
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO, errno.ENOENT})


class NoRoomError(Exception):
    """The gateway's own disk does not take a file. It may later: but this counts as a try, unlike a lost network."""


def of_the_disk(error: BaseException) -> bool:
    """Tell whether an error is that of our own disk; those of the network are none."""
    return isinstance(error, OSError) and not isinstance(error, ConnectionError) and error.errno in _DISK
