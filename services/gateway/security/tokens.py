"""Access tokens: EdDSA, one algorithm, keys by name, every claim required."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from services.gateway.security.signing_keys import ALGORITHM, SigningKeys

ISSUER = "doso"
AUDIENCE = "doso-api"
ACCESS_SECONDS = 900


class InvalidTokenError(Exception):
    """The token is not one of ours, or no longer valid."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: who, of which tenant, by which sign-in."""

    user_id: UUID
    tenant_id: UUID
    sign_in_id: UUID


class Tokens:
    """Issues and reads access tokens."""

    def __init__(self, keys: SigningKeys | dict[str, Any]) -> None:
        """Take the keys, or one private JWK."""
        self.keys = keys if isinstance(keys, SigningKeys) else SigningKeys(json.dumps(keys))
        self._rules = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            jti={"essential": True},
            tenant={"essential": True},
            sid={"essential": True},
        )

    @staticmethod
    def new_key() -> dict[str, Any]:
        """Make a private signing key as a JWK."""
        return SigningKeys.new_key()

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
            "sid": str(claims.sign_in_id),
        }
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self.keys.first}
        return jwt.encode(header, payload, self.keys.signer, algorithms=[ALGORITHM])

    def read(self, token: str) -> Claims:
        """Verify an access token; raises ``InvalidTokenError`` without saying which check failed."""
        try:
            decoded = jwt.decode(token, self._key_of, algorithms=[ALGORITHM])
            self._rules.validate(decoded.claims)
            if decoded.header.get("typ") != "at+jwt":
                raise InvalidTokenError
            return Claims(*(UUID(decoded.claims[name]) for name in ("sub", "tenant", "sid")))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidTokenError from error

    def _key_of(self, token: Any) -> OKPKey:
        """Find the key that a token names; one that names none, or none of ours, is not read at all."""
        key = self.keys.verifiers.get(token.headers().get("kid"))
        if key is None:
            raise InvalidTokenError
        return key
