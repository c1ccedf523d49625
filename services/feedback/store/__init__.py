"""The only SQL of feedback."""

from services.feedback.store.advice import open_advice, save_advice, save_answers, settle
from services.feedback.store.exposure import judged_to_its_end, open_exposure, owe_learning
from services.feedback.store.happenings import (
    arrivals,
    save_forecasts,
    save_states,
    shelf_stays,
    states,
    weekly_checks,
)
from services.feedback.store.outcomes import claims, lessons, save_outcomes
from services.feedback.store.policies import newest_policy, policies, save_policy

__all__ = [
    "arrivals",
    "claims",
    "judged_to_its_end",
    "lessons",
    "newest_policy",
    "open_advice",
    "open_exposure",
    "owe_learning",
    "policies",
    "save_advice",
    "save_answers",
    "save_forecasts",
    "save_outcomes",
    "save_policy",
    "save_states",
    "settle",
    "shelf_stays",
    "states",
    "weekly_checks",
]
