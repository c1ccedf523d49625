"""The migrations as they stand, by digest: from the first release on, one that was applied must not change."""

import json
import re
from pathlib import Path

from doso.contracts.asyncapi import SERVICES
from shared.migration import statement_digests

Digests = dict[str, dict[str, str]]
"""Digest of the statements of each migration, by service."""

CHANGELOG = Path(__file__).parent.parent.parent / "CHANGELOG.md"
_RELEASE = re.compile(r"^## \[?\d", re.MULTILINE)


def digests() -> Digests:
    """Give what the code has."""
    return {service: statement_digests(service) for service in SERVICES}


def released() -> bool:
    """Tell whether there was a release, which the changelog then has a heading for."""
    return bool(_RELEASE.search(CHANGELOG.read_text("utf-8")))


def changed(golden: str) -> list[str]:
    """Name the migrations of a golden file that the code has otherwise or not at all."""
    known = digests()
    before: Digests = json.loads(golden) if golden else {}
    return [
        f"{service}: {name} was {'removed' if name not in known.get(service, {}) else 'edited'}"
        for service, migrations in before.items()
        for name, digest in migrations.items()
        if known.get(service, {}).get(name) != digest
    ]
