"""API keys: what a machine shows instead of a password."""

import secrets
from dataclasses import dataclass

from services.gateway.security.digests import digest, new_secret


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A fresh API key; ``text`` is shown once and never stored."""

    key_id: str
    text: str
    secret_hash: str


def new_api_key() -> NewApiKey:
    """Make an API key, ``doso_<id>_<secret>``."""
    key_id, secret = secrets.token_hex(8), new_secret()
    return NewApiKey(key_id, f"doso_{key_id}_{secret}", digest(secret))


def split_api_key(text: str) -> tuple[str, str] | None:
    """Split an API key into its id and secret; None when it is not of our form."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != "doso":  # noqa: PLR2004  # prefix, id, secret
        return None
    return parts[1], parts[2]
