"""How fast a tenant's units really sold: their lives as the book of today sees them, and the model of them."""

from services.recommend.domain.pace.learning import fit_pace
from services.recommend.domain.pace.unit_life import LIVES_DAYS, UnitLife

__all__ = ["LIVES_DAYS", "UnitLife", "fit_pace"]
