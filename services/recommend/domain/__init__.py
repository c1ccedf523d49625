"""The advice mathematics: pure, deterministic, the same for services and backtests.

Start at :mod:`advise`; a book goes in (:mod:`book`), advice comes out (:mod:`advice`), and :mod:`reconcile`
sets it against what already stands.
"""

from services.recommend.domain.actions import Action
from services.recommend.domain.advice import Advice, Alternative
from services.recommend.domain.advise import Review, advise, review
from services.recommend.domain.agreed import Agreed, agreed
from services.recommend.domain.answered import Answer, newest_answers
from services.recommend.domain.attraction import Attraction
from services.recommend.domain.book import (
    BrandSales,
    GrossHistory,
    Rooftop,
    SegmentDemand,
    SegmentMarket,
    TenantBook,
    Unit,
    UnitStatus,
    Variant,
)
from services.recommend.domain.hold_out import is_held_out
from services.recommend.domain.pace import LIVES_DAYS, UnitLife, fit_pace
from services.recommend.domain.parameters import InvalidParametersError, Parameters, from_mapping
from services.recommend.domain.price_curve import PriceCurve, trim_key
from services.recommend.domain.reconcile import DONE, Changes, Closing, StandingAdvice, Supersession, reconcile
from services.recommend.domain.rules import AgeOut, BrandRule, Lane, Rules, SegmentRule
from services.recommend.domain.shoppers import fit_attraction
from services.recommend.domain.stocking.position import Position, Skipped
from services.recommend.domain.telling.evidence import Evidence, unsupported_numbers
from services.recommend.domain.typical_car import TypicalCar, typical_car
from services.recommend.domain.usual_stock import usual_stock

__all__ = [
    "DONE",
    "LIVES_DAYS",
    "Action",
    "Advice",
    "AgeOut",
    "Agreed",
    "Alternative",
    "Answer",
    "Attraction",
    "BrandRule",
    "BrandSales",
    "Changes",
    "Closing",
    "Evidence",
    "GrossHistory",
    "InvalidParametersError",
    "Lane",
    "Parameters",
    "Position",
    "PriceCurve",
    "Review",
    "Rooftop",
    "Rules",
    "SegmentDemand",
    "SegmentMarket",
    "SegmentRule",
    "Skipped",
    "StandingAdvice",
    "Supersession",
    "TenantBook",
    "TypicalCar",
    "Unit",
    "UnitLife",
    "UnitStatus",
    "Variant",
    "advise",
    "agreed",
    "fit_attraction",
    "fit_pace",
    "from_mapping",
    "is_held_out",
    "newest_answers",
    "reconcile",
    "review",
    "trim_key",
    "typical_car",
    "unsupported_numbers",
    "usual_stock",
]
