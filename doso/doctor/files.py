"""Files: secrets on disk are for their owner alone, and there is room left."""

import shutil
import stat
import tempfile
from pathlib import Path

from doso.doctor.deployment import Deployment
from doso.doctor.findings import Finding, Status, ok, unsafe

NAME = "files"
DISK = "disk"
_PRIVATE = ("credentials.json", "signing-key.json", "encryption-key", "postgres")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_GIB = 1024**3


async def check(deployment: Deployment) -> list[Finding]:
    """Examine who may open the data folder, its secrets, and a `.env` here."""
    folder = deployment.data_dir
    private = [] if folder is None else [folder, *(folder / name for name in _PRIVATE)]
    found = []
    for path in (*private, Path(".env")):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue  # not there, or in a folder that we may not enter either
        if mode & _OTHERS:
            right = "700" if path.is_dir() else "600"
            found.append(unsafe(NAME, f"{path} can be opened by others (mode {mode:o})", f"chmod {right} {path}"))
        else:
            found.append(ok(NAME, f"{path} is its owner's alone"))
    return found or [ok(NAME, "no folder of secrets is named; secrets are in the environment")]


async def check_disk(deployment: Deployment) -> list[Finding]:
    """Examine the room left where data is kept and where imports are unpacked."""
    places = {Path(tempfile.gettempdir()), *([deployment.data_dir] if deployment.data_dir else [])}
    return [judge_disk(place, *_usage(place)) for place in sorted(places)]


def judge_disk(place: Path, total: int, free: int) -> Finding:
    """Judge the room left: bytes in all, and bytes free."""
    text = f"{place}: {free / _GIB:.1f} GiB of {total / _GIB:.1f} GiB are free"
    if free < _GIB // 2 or free < total * 0.02:
        return Finding(DISK, Status.FAIL, text, "make room: a full disk stops PostgreSQL and Kafka")
    if free < 2 * _GIB or free < total * 0.1:
        return Finding(DISK, Status.WARN, text, "make room soon; an import may take 1 GiB for a while")
    return Finding(DISK, Status.OK, text)


def _usage(place: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(place)
    return usage.total, usage.free
