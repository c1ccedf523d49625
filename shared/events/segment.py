"""Segment: condition + make + model, the level at which demand, market and stock are compared."""

import re
import unicodedata

_NOISE = re.compile(r"[^a-z0-9]+")
NO_NAME = "unknown"
"""How a make or model is keyed that has no letter or digit in it."""


def condition_group(condition: str | None) -> str:
    """Fold a condition into the two that are stocked by different rules: ``new`` or ``used``."""
    return "new" if condition == "new" else "used"


def segment_key(condition: str | None, make: str, model: str) -> str:
    """Give the key of a segment, such as ``used/ford/f150``; case, accents and hyphens do not matter."""
    return f"{condition_group(condition)}/{_slug(make)}/{_slug(model)}"


def segment_label(condition: str | None, make: str, model: str) -> str:
    """Give the name of a segment for people, such as ``used Ford F-150``."""
    return f"{condition_group(condition)} {make} {model}"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _NOISE.sub("", plain) or NO_NAME
