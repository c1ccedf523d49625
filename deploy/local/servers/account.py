"""Which account runs a server that refuses to run as root."""

from __future__ import annotations

import dataclasses
import os
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path

from deploy.local.servers.process import Account, ServerError

PREFERRED = ("postgres", "nobody")


def unprivileged_account(data: Path, programs: Iterable[Path]) -> Account | None:
    """Choose the account for a server over `data` executing `programs`; None when this process is not root.

    It is the owner of data that exists, else the first of `PREFERRED` that the system has. No account is
    created and no permission of a directory above is changed. Raises ServerError if there is no such account,
    or if the data belongs to somebody else than this process or the chosen account.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            message = f"{data} belongs to {_name(owner)}; start as that account or choose other data"
            raise ServerError(message)
        return None
    if owner:
        entry = _entry(owner)
        if entry is None:
            message = f"{data} belongs to user id {owner}, which has no account; chown it to one that exists"
            raise ServerError(message)
    else:
        entry = next((found for name in PREFERRED if (found := _named(name)) is not None), None)
        if entry is None:
            accounts = " or ".join(PREFERRED)
            message = f"PostgreSQL refuses to run as root and there is no account {accounts}; add one"
            raise ServerError(message)
    account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    closed = any(_closed_to(account, path) for file in (data, *programs) for path in (file, *file.parents))
    return dataclasses.replace(account, crosses_closed_directories=closed)


def _closed_to(account: Account, path: Path) -> bool:
    if not path.exists():
        return False  # Yet to be made, and then given to the account.
    found = path.stat()
    if found.st_uid == account.uid:
        return not found.st_mode & stat.S_IXUSR
    if found.st_gid == account.gid:
        return not found.st_mode & stat.S_IXGRP
    return not found.st_mode & stat.S_IXOTH


def _entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _named(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _name(uid: int | None) -> str:
    entry = None if uid is None else _entry(uid)
    return f"user id {uid}" if entry is None else entry.pw_name
