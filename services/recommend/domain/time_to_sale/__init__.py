"""How long a unit takes to sell.

``intensity`` gives it by the parameters alone; ``fit`` learns a ``HazardModel`` from lives of units, and
``HazardModel.of_prior`` is that of a tenant without any.
"""

from services.recommend.domain.time_to_sale.calibration import Calibration, calibrate
from services.recommend.domain.time_to_sale.features import NAMES, UnitFeatures
from services.recommend.domain.time_to_sale.fitting import fit
from services.recommend.domain.time_to_sale.hazard_model import HazardModel, stay
from services.recommend.domain.time_to_sale.intensity import (
    LN2,
    Exposure,
    Floats,
    ageing,
    base_rate,
    exposure,
    life,
    price_effect,
    quality,
    rate_log_sd,
    sojourn,
    survival,
)
from services.recommend.domain.time_to_sale.lives import Lives
from services.recommend.domain.time_to_sale.newton import NotConverged
from services.recommend.domain.time_to_sale.prior import TRADE_PRIOR, HazardPrior

__all__ = [
    "LN2",
    "NAMES",
    "TRADE_PRIOR",
    "Calibration",
    "Exposure",
    "Floats",
    "HazardModel",
    "HazardPrior",
    "Lives",
    "NotConverged",
    "UnitFeatures",
    "ageing",
    "base_rate",
    "calibrate",
    "exposure",
    "fit",
    "life",
    "price_effect",
    "quality",
    "rate_log_sd",
    "sojourn",
    "stay",
    "survival",
]
