"""The life of a vehicle at a dealer group, as pure functions over what was reported of it."""

from services.inventory.domain.life import Change, Life, Sale, fold
from services.inventory.domain.vehicle import DESCRIPTION, Dealer, Status, Vehicle

__all__ = ["DESCRIPTION", "Change", "Dealer", "Life", "Sale", "Status", "Vehicle", "fold"]
