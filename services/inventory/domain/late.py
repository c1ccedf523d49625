"""Reports that come late: the whole history is folded anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.inventory.domain.folding import fold
from services.inventory.domain.life import Change, Life

if TYPE_CHECKING:
    from collections.abc import Sequence


def is_late(life: Life, new: Sequence[Change]) -> bool:
    """Tell whether a report is not of a later moment than the newest one already folded in.

    So is an undone sale: it may join a stay to one that is over, of which the vehicle as it stands knows nothing.
    Who sends again after its id was forgotten is not held up by the inbox; the history holds each report once.
    """
    return any(change.at <= life.vehicle.last_at or change.kind == "vehicle.sale_unwound" for change in new)


def refold(vehicle_key: str, known: Sequence[Change], new: Sequence[Change]) -> Life:
    """Fold all that was ever reported; of the stays that are over it gives those that are not as they were before."""
    told = {change.event_id for change in known}
    life = fold(vehicle_key, None, [*known, *(change for change in new if change.event_id not in told)])
    before = {one.told for one in fold(vehicle_key, None, known).ended} if life.ended else set()
    return replace(life, ended=tuple(one for one in life.ended if one.told not in before))
