"""Passwords, tokens, keys and second factors: the cryptography, all of it from libraries."""

from services.gateway.security.api_keys import NewApiKey, new_api_key, split_api_key
from services.gateway.security.digests import digest, new_secret, same
from services.gateway.security.passwords import Passwords
from services.gateway.security.sealing import CannotOpenError, Sealer
from services.gateway.security.signing_keys import SigningKeys
from services.gateway.security.tokens import ACCESS_SECONDS, Claims, InvalidTokenError, Tokens

__all__ = [
    "ACCESS_SECONDS",
    "CannotOpenError",
    "Claims",
    "InvalidTokenError",
    "NewApiKey",
    "Passwords",
    "Sealer",
    "SigningKeys",
    "Tokens",
    "digest",
    "new_api_key",
    "new_secret",
    "same",
    "split_api_key",
]
