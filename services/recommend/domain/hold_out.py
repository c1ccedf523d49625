"""Which advice is kept back so that what advice brings can be measured."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from services.recommend.domain.advice import Advice

_BUCKETS = 10_000


def is_held_out(tenant_id: str, advice: Advice, share: float, as_of: date) -> bool:
    """Tell whether a piece of advice belongs to the hold-out: the same answer for it throughout a quarter.

    ``share`` is the dealer's, of 1. What explains clashing rules is never held out; what a rule demands is for
    the caller to spare.
    """
    if advice.clash or share <= 0:
        return False
    quarter = f"{as_of.year}Q{(as_of.month + 2) // 3}"
    subject = "|".join((tenant_id, quarter, *map(str, advice.identity)))
    bucket = int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], "big") % _BUCKETS
    return bucket < share * _BUCKETS
