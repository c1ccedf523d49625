"""Passwords as they are stored: Argon2id, a few at a time."""

import asyncio
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_LONGEST_WRITTEN = 4 * 256
"""A password has at most 256 characters, and four written ones at most make one."""


class Passwords:
    """Argon2id, a few at a time: hashing is meant to be slow, and must not starve everybody else.

    What is hashed is the password in NFC, so that the same characters fit whichever keyboard typed them.
    """

    def __init__(self, parallel: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._turn = asyncio.Semaphore(parallel)
        # Verified against when the user is unknown, so that the answer takes as long either way.
        self._decoy = self._hasher.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        """Hash a password."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, normalised(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Tell whether a password fits the stored hash; None takes as long and never fits."""
        async with self._turn:
            fits = await asyncio.to_thread(self._fits, normalised(password), stored or self._decoy)
        return fits and stored is not None

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than today's, and should be made again."""
        return self._hasher.check_needs_rehash(stored)

    def _fits(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def normalised(password: str) -> str:
    """Give the one form (NFC) of characters that can be written in several; nothing visible changes.

    What is too long for a password in any form is given as it is: bringing it into form may take long.
    """
    return password if len(password) > _LONGEST_WRITTEN else unicodedata.normalize("NFC", password)
