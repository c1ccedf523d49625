"""Passwords, tokens and keys: the cryptography, all of it from libraries."""

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

ISSUER = "doso"
AUDIENCE = "doso-api"
ACCESS_SECONDS = 900
REFRESH_DAYS = 14
_ALGORITHM = "Ed25519"


class InvalidTokenError(Exception):
    """The token is not one of ours, or no longer valid."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says."""

    user_id: UUID
    tenant_id: UUID


class Passwords:
    """Argon2id, a few at a time: hashing is meant to be slow, and must not starve everybody else."""

    def __init__(self, parallel: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._turn = asyncio.Semaphore(parallel)
        # Verified against when the user is unknown, so that the answer takes as long either way.
        self._decoy = self._hasher.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        """Hash a password."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Tell whether a password fits the stored hash; None takes as long and never fits."""
        async with self._turn:
            fits = await asyncio.to_thread(self._fits, password, stored or self._decoy)
        return fits and stored is not None

    def _fits(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


class Tokens:
    """Access tokens: EdDSA, one algorithm, every claim required."""

    def __init__(self, private_jwk: dict[str, Any]) -> None:
        self._key = OKPKey.import_key(private_jwk)
        self._rules = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            jti={"essential": True},
            tenant={"essential": True},
        )

    @staticmethod
    def new_key() -> dict[str, Any]:
        """Make a private signing key as a JWK."""
        return dict(OKPKey.generate_key("Ed25519").as_dict(private=True))

    def issue(self, claims: Claims) -> str:
        """Sign an access token that lives for ``ACCESS_SECONDS``."""
        now = datetime.now(UTC)
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=ACCESS_SECONDS)).timestamp()),
            "jti": str(uuid4()),
            "sub": str(claims.user_id),
            "tenant": str(claims.tenant_id),
        }
        return jwt.encode({"alg": _ALGORITHM, "typ": "at+jwt"}, payload, self._key, algorithms=[_ALGORITHM])

    def read(self, token: str) -> Claims:
        """Verify an access token; raises ``InvalidTokenError`` without saying which check failed."""
        try:
            decoded = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
            self._rules.validate(decoded.claims)
            if decoded.header.get("typ") != "at+jwt":
                raise InvalidTokenError
            return Claims(UUID(decoded.claims["sub"]), UUID(decoded.claims["tenant"]))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise InvalidTokenError from error


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A fresh API key; ``text`` is shown once and never stored."""

    key_id: str
    text: str
    secret_hash: str


def new_api_key() -> NewApiKey:
    """Make an API key, ``doso_<id>_<secret>``."""
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return NewApiKey(key_id, f"doso_{key_id}_{secret}", digest(secret))


def split_api_key(text: str) -> tuple[str, str] | None:
    """Split an API key into its id and secret; None when it is not of our form."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != "doso":  # noqa: PLR2004  # prefix, id, secret
        return None
    return parts[1], parts[2]


def digest(secret: str) -> str:
    """Hash a random secret; a fast hash is right, since 32 random bytes cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
