"""A data directory as one file: everything that cannot be made again from something else, checked when it is read."""

from deploy.local.archive.backup import back_up
from deploy.local.archive.manifest import ArchiveError, Manifest
from deploy.local.archive.restore import restore

__all__ = ["ArchiveError", "Manifest", "back_up", "restore"]
