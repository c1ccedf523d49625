"""Secrets: there, not well known, long enough, and not the same twice."""

import base64
import json
from collections import Counter
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from doso.doctor.deployment import Deployment, hosts_of, is_local
from doso.doctor.findings import Finding, ok, unsafe, warn

NAME = "secrets"
_LEAST_CHARACTERS = 16
_LEAST_DIFFERENT = 8
_WELL_KNOWN = (
    "doso", "postgres", "password", "passwort", "secret", "changeme", "change-me", "admin", "example", "letmein",
    "qwerty", "test", "12345678", "your-", "insert",
)  # fmt: skip
_PUBLISHED_KEYS = {"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
"""Public halves of the private keys printed in RFC 8037, which everybody has; a public key in a set verifies too."""
_RENEW = "make another: openssl rand -hex 32"


async def check(deployment: Deployment) -> list[Finding]:
    """Examine the signing key and every password."""
    findings = _signing_key(deployment.signing_key)
    local = all(is_local(host) for host in hosts_of(deployment.postgres_dsn or ""))
    password = urlsplit(deployment.postgres_dsn or "").password
    secrets = {
        **deployment.role_passwords,
        "the password in DOSO_POSTGRES_DSN": unquote(password) if password else None,
        "DOSO_QDRANT_API_KEY": deployment.qdrant_api_key,
        "DOSO_KAFKA_PASSWORD": deployment.environment.get("DOSO_KAFKA_PASSWORD"),
    }
    if not deployment.role_passwords and not local:
        text = "no password of a service's role is set, and the server is not on this machine"
        findings.append(unsafe(NAME, text, f"let the roles ask for a password (DOSO_POSTGRES_PASSWORD); {_RENEW}"))
    if deployment.qdrant_url and not deployment.qdrant_api_key:
        text = f"Qdrant at {deployment.qdrant_url} is used without an API key"
        findings.append(
            unsafe(NAME, text, f"set QDRANT__SERVICE__API_KEY there and DOSO_QDRANT_API_KEY here; {_RENEW}")
        )
    present = {name: secret for name, secret in secrets.items() if secret}
    for name, secret in present.items():
        problem = weakness(secret)
        findings.append(
            unsafe(NAME, f"{name} {problem}", _RENEW) if problem else ok(NAME, f"{name} is long and random")
        )
    shared = [secret for secret, times in Counter(present.values()).items() if times > 1]
    for secret in shared:
        names = " and ".join(name for name, each in present.items() if each == secret)
        findings.append(unsafe(NAME, f"{names} are the same", f"give each a secret of its own; {_RENEW}"))
    return findings


def weakness(secret: str) -> str | None:
    """Say what makes a secret weak; never the secret."""
    if any(word in secret.lower() for word in _WELL_KNOWN):
        return "holds a word that everybody tries first"
    if len(secret) < _LEAST_CHARACTERS:
        return f"has {len(secret)} characters; {_LEAST_CHARACTERS} are the least"
    if len(set(secret)) < _LEAST_DIFFERENT:
        return f"has only {len(set(secret))} different characters"
    return None


def _signing_key(text: str | None) -> list[Finding]:
    from services.gateway.security import SigningKeys

    advice = "make another (`doso keys new`); after `doso keys rotate` the old one verifies until `doso keys retire`"
    if text is None:
        return [warn(NAME, "no signing key was named, so it was not examined", "run with the gateway's environment")]
    try:
        SigningKeys(text)
    except ValueError as error:
        return [unsafe(NAME, str(error), advice)]
    document = json.loads(text)
    if any(_is_known(key) for key in document.get("keys", [document])):
        return [unsafe(NAME, "a signing key is a published or made-up one: anybody can sign tokens with it", advice)]
    return [ok(NAME, "the signing key is an Ed25519 key of its own")]


def _is_known(key: Mapping[str, str]) -> bool:
    private = key.get("d", "")
    raw = base64.urlsafe_b64decode(private + "=" * (-len(private) % 4))
    return key["x"] in _PUBLISHED_KEYS or (bool(raw) and len(set(raw)) < _LEAST_DIFFERENT)
