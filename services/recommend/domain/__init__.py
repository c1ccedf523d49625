"""The advice mathematics: pure, deterministic, the same for services and backtests.

Start at :mod:`advise`; a book goes in (:mod:`book`), advice comes out (:mod:`advice`), and :mod:`reconcile`
sets it against what already stands.
"""

from services.recommend.domain.actions import Action
from services.recommend.domain.advice import Advice, Alternative
from services.recommend.domain.advise import Review, advise, review
from services.recommend.domain.book import (
    GrossHistory,
    Rooftop,
    SegmentDemand,
    SegmentMarket,
    TenantBook,
    Unit,
    UnitStatus,
)
from services.recommend.domain.evidence import Evidence, unsupported_numbers
from services.recommend.domain.parameters import InvalidParametersError, Parameters, from_mapping
from services.recommend.domain.reconcile import Changes, Closing, StandingAdvice, Supersession, reconcile
from services.recommend.domain.stock_position import Position, Skipped

__all__ = [
    "Action",
    "Advice",
    "Alternative",
    "Changes",
    "Closing",
    "Evidence",
    "GrossHistory",
    "InvalidParametersError",
    "Parameters",
    "Position",
    "Review",
    "Rooftop",
    "SegmentDemand",
    "SegmentMarket",
    "Skipped",
    "StandingAdvice",
    "Supersession",
    "TenantBook",
    "Unit",
    "UnitStatus",
    "advise",
    "from_mapping",
    "reconcile",
    "review",
    "unsupported_numbers",
]
