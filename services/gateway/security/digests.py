"""Random secrets, how they are stored, and how they are compared."""

import hashlib
import hmac
import secrets


def new_secret() -> str:
    """Make a secret of 32 random bytes, in letters that need no escaping in an address or a form."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Hash a random secret; a fast hash is right, since 32 random bytes cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
