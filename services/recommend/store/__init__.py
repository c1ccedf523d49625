"""The only SQL of recommend: the book it is computed from, and the advice that stands."""

from services.recommend.store.advice import (
    Case,
    Standing,
    cases,
    lock_standing,
    reviewed,
    save_advice,
    save_outcome,
    standing,
    tenants_to_review,
)
from services.recommend.store.answers import answered_since, count_arrived, save_answers
from services.recommend.store.reading import (
    GROSS_DAYS,
    count_exits,
    documents,
    grosses,
    lives,
    new_sales,
    rooftops,
    rules,
    units,
)
from services.recommend.store.writing import (
    save_demands,
    save_markets,
    save_policies,
    save_rooftops,
    save_units,
)

__all__ = [
    "GROSS_DAYS",
    "Case",
    "Standing",
    "answered_since",
    "cases",
    "count_arrived",
    "count_exits",
    "documents",
    "grosses",
    "lives",
    "lock_standing",
    "new_sales",
    "reviewed",
    "rooftops",
    "rules",
    "save_advice",
    "save_answers",
    "save_demands",
    "save_markets",
    "save_outcome",
    "save_policies",
    "save_rooftops",
    "save_units",
    "standing",
    "tenants_to_review",
    "units",
]
