"""The secrets of a local installation: files that only their owner can read, made once."""

import json
import os
from pathlib import Path
from uuid import UUID

from services.gateway.bootstrap import FirstAdmin
from services.gateway.security import Tokens


def signing_key(data_dir: Path) -> str:
    """Give the key that signs access tokens, making it on first use."""
    path = data_dir / "signing-key.json"
    if not path.exists():
        write_private(path, json.dumps(Tokens.new_key()))
    return path.read_text(encoding="utf-8")


def write_credentials(data_dir: Path, url: str, admin: FirstAdmin | None) -> Path:
    """Write ``credentials.json`` for the first admin, or bring its address up to date."""
    path = data_dir / "credentials.json"
    if admin is not None:
        known = {
            "username": admin.username,
            "password": admin.password,
            "tenant_id": str(admin.tenant_id),
            "dms_api_key": admin.dms_api_key,
        }
    elif path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        UUID(known["tenant_id"])
    else:
        message = f"{path} is gone, and passwords are stored only as hashes: sign in as the admin you know"
        raise FileNotFoundError(message)
    write_private(path, json.dumps({**known, "url": url}, indent=2))
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; it is never there half written."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
