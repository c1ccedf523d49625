"""The life of a vehicle at a dealer group, as pure functions over what was reported of it."""

from services.inventory.domain.folding import fold
from services.inventory.domain.late import is_late, refold
from services.inventory.domain.life import Change, Ended, Life, Sale, newest_in
from services.inventory.domain.vehicle import DESCRIPTION, Dealer, Status, Vehicle

__all__ = [
    "DESCRIPTION",
    "Change",
    "Dealer",
    "Ended",
    "Life",
    "Sale",
    "Status",
    "Vehicle",
    "fold",
    "is_late",
    "newest_in",
    "refold",
]
