"""Cars that were fetched for a customer: sold before they came, or swapped in, and gone within days.

They stand for a day or two on an otherwise empty shelf, and would make a rate of customers out of those days.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.series import History

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

FETCHED_DAYS = 3
"""So many days after an empty shelf was filled, what is sold may have been fetched for who bought it."""
_CHANCE = 0.01
_DAYS_PER_WEEK = 7


def just_filled(on_hand: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which days are among the first FETCHED_DAYS of a shelf that had been empty; shape ``[segments, days]``."""
    begins = np.zeros_like(on_hand)
    begins[:, 1:] = on_hand[:, 1:] & ~on_hand[:, :-1]
    found = begins.copy()
    for later in range(1, FETCHED_DAYS):
        found[:, later:] |= begins[:, :-later]
    return found & on_hand


def told(
    segment: str, start: date, on_hand: NDArray[np.bool_], filled: NDArray[np.bool_], sold: NDArray[np.float64]
) -> History:
    """Make a segment's weeks of its days, from the first in which it was on hand; all of shape ``[days]``.

    Customers who come at a steady rate buy in the first days as in later ones. Where far more is sold in the first
    (a binomial test, or no later day is known), those days are left out, and their sales; but a rate below all
    sales over all weeks is none: then each week counts as it was.
    """
    weeks = on_hand.reshape(-1, _DAYS_PER_WEEK)
    seen = np.flatnonzero(weeks.any(axis=1))
    begin = int(seen[0]) if seen.size else len(weeks)
    sales, stood = sold.reshape(weeks.shape).sum(axis=1)[begin:], weeks.mean(axis=1)[begin:]
    first = start + timedelta(weeks=begin)
    if not _are_fetched(on_hand, filled, sold):
        return History(segment, first, sales, stood)
    later = (on_hand & ~filled).reshape(weeks.shape)
    days, kept = int(later.sum()), np.where(filled, 0.0, sold).reshape(weeks.shape).sum(axis=1)[begin:]
    if not days or kept.sum() / days <= sales.sum() / (len(sales) * _DAYS_PER_WEEK):
        return History(segment, first, sales, np.ones_like(sales))
    exposure = later.mean(axis=1)[begin:]
    return History(segment, first, kept, exposure, fetched=float((sales - kept).sum()), stood=stood)


def _are_fetched(on_hand: NDArray[np.bool_], filled: NDArray[np.bool_], sold: NDArray[np.float64]) -> bool:
    if not filled.any() or not sold[filled].any():
        return False
    from scipy.special import bdtrc  # noqa: PLC0415  # tens of MB, and none where it does not compute

    early, later = int(sold[filled].sum()), int(sold[on_hand & ~filled].sum())
    share = float(filled.sum()) / float(on_hand.sum())
    return share == 1.0 or float(bdtrc(early - 1, early + later, share)) < _CHANCE
