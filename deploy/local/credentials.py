"""The secrets of a local installation: files that only their owner can read, made once."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from services.gateway.bootstrap import FirstAdmin
from services.gateway.security import Sealer, Tokens


def signing_key(data_dir: Path) -> str:
    """Give the key that signs access tokens, making it on first use."""
    path = data_dir / "signing-key.json"
    if not path.exists():
        write_private(path, json.dumps(Tokens.new_key()))
    return path.read_text(encoding="utf-8")


def encryption_key(data_dir: Path) -> str:
    """Give the key that seals stored secrets, making it on first use."""
    path = data_dir / "encryption-key"
    if not path.exists():
        write_private(path, Sealer.new_key())
    return path.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Credentials:
    """``credentials.json``: how the first admin signs in, and where."""

    data_dir: Path
    url: str

    @property
    def path(self) -> Path:
        """The file."""
        return self.data_dir / "credentials.json"

    def write(self, admin: FirstAdmin) -> None:
        """Write the secrets of a new admin; they exist nowhere else, since passwords are stored as hashes."""
        known = {
            "username": admin.username,
            "password": admin.password,
            "tenant_id": str(admin.tenant_id),
            "dms_api_key": admin.dms_api_key,
        }
        write_private(self.path, json.dumps({**known, "url": self.url}, indent=2))

    def refresh(self) -> bool:
        """Bring the address up to date; False where the file is gone."""
        if not self.path.exists():
            return False
        known = json.loads(self.path.read_text(encoding="utf-8"))
        write_private(self.path, json.dumps({**known, "url": self.url}, indent=2))
        return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; it is never there half written."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
