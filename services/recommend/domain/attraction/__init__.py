"""What draws a rooftop's shoppers to a unit, learned from how long the tenant's own units stood at which price."""

from services.recommend.domain.attraction.fitting import LEAST_SALES, fit
from services.recommend.domain.attraction.model import Attraction
from services.recommend.domain.attraction.spells import Spells, spells_of

__all__ = ["LEAST_SALES", "Attraction", "Spells", "fit", "spells_of"]
