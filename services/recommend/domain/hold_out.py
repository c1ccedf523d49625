"""Which advice is kept back so that what advice brings can be measured."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from services.recommend.domain.advice import Advice

_BUCKETS = 10_000
_SUMMER = 7


def is_held_out(tenant_id: str, advice: Advice, share: float, as_of: date) -> bool:
    """Tell whether a piece of advice belongs to the hold-out, as all advice on its subject does.

    Drawn once for a vehicle, for good, and once for a segment at a rooftop in each half of a calendar year: what is
    watched for weeks must not change sides. ``share`` is the dealer's, of 1. What explains clashing rules is never
    held out; what a rule demands is for the caller to spare.
    """
    if advice.clash or share <= 0:
        return False
    half = f"{as_of.year}H{1 if as_of.month < _SUMMER else 2}"
    subject = advice.vehicle_key or f"{advice.dealer_id}|{advice.segment}|{half}"
    digest = hashlib.sha256(f"{tenant_id}|{subject}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _BUCKETS < share * _BUCKETS
