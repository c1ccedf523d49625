"""The keys that sign access tokens: the first signs, all verify, each has a name (``kid``)."""

import base64
import json
from typing import TYPE_CHECKING, Any, cast

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "Ed25519"
_PUBLIC = ("kty", "crv", "x", "kid")


class SigningKeys:
    """A key set as it is configured: one private JWK, or ``{"keys": [...]}``, of which the first is private."""

    def __init__(self, text: str) -> None:
        """Read a JWK or a JWK set; raises ``ValueError`` saying what is wrong, without the key."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError("the signing key is not JSON: it is a private Ed25519 JWK, or a set of them") from error
        listed = document.get("keys", [document]) if isinstance(document, dict) else None
        if not isinstance(listed, list) or not listed or not all(isinstance(key, dict) for key in listed):
            raise ValueError("the signing key is neither a JWK nor a set of at least one")
        keys = [_named(key) for key in listed]
        self._keys = {key["kid"]: key for key in keys}
        if len(self._keys) < len(keys):
            raise ValueError(
                "two signing keys have the same name (kid): tokens say by it which key they are signed with"
            )
        self.first = next(iter(self._keys))
        if "d" not in self._keys[self.first]:
            raise ValueError("the first signing key is public: it has to be private, since it signs")
        self.signer = OKPKey.import_key(self._keys[self.first])
        self.verifiers = {kid: OKPKey.import_key(_public(key)) for kid, key in self._keys.items()}

    @staticmethod
    def new_key() -> dict[str, Any]:
        """Make a private key as a JWK, with its name."""
        return _named(dict(OKPKey.generate_key("Ed25519").as_dict(private=True)))

    def jwks(self) -> dict[str, Any]:
        """Give the public halves, for whoever verifies our tokens."""
        return {"keys": [_public(key) | {"use": "sig", "alg": ALGORITHM} for key in self._keys.values()]}

    def announce(self) -> str:
        """Give the set with a new key at its end: verified by all replicas before the first one signs with it."""
        return json.dumps({"keys": [*self._keys.values(), self.new_key()]})

    def rotate(self, keep: int = 1) -> str:
        """Give the set with another first key, and the ``keep`` keys before it as public ones.

        The other first key is the announced one, where there is one, and a new one otherwise.
        """
        known = list(self._keys.values())
        announced = known[-1] if len(known) > 1 and "d" in known[-1] else None
        before = [_public(key) for key in known if key is not announced]
        return json.dumps({"keys": [announced or self.new_key(), *before[:keep]]})

    def retire(self) -> str:
        """Give the set with nothing but the key that signs."""
        return json.dumps({"keys": [self._keys[self.first]]})


def _public(key: dict[str, Any]) -> dict[str, Any]:
    return {name: key[name] for name in _PUBLIC}


def _belong_together(key: OKPKey, told: str) -> bool:
    private = cast("Ed25519PrivateKey", key.private_key)
    public = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))
    return private.public_key().public_bytes_raw() == public


def _named(document: Any) -> dict[str, Any]:
    try:
        key = OKPKey.import_key(document)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"a signing key is not an Ed25519 JWK: {type(error).__name__}") from error
    if document.get("crv") != "Ed25519":
        raise ValueError(f"a signing key is on the curve {document.get('crv')} instead of Ed25519")
    if "d" in document and not _belong_together(key, document["x"]):
        raise ValueError(
            "the public half of a signing key is not its private half's: nothing it signs would be accepted"
        )
    return {**document, "kid": document.get("kid") or key.thumbprint()}
