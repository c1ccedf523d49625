"""Feedback's own rules: what came of advice, what that was worth, and what to learn from it."""

from services.feedback.domain.advice import (
    Action,
    Advice,
    Answer,
    Decision,
    Ending,
    Happening,
    Kind,
    Parameters,
    PriceMove,
    Status,
    Stocking,
    Transfer,
)
from services.feedback.domain.evidence import DemandCheck, Evidence
from services.feedback.domain.in_stock import ForecastWeek, demand_check
from services.feedback.domain.learning import Proposal, propose
from services.feedback.domain.lessons import Lesson, lesson_of
from services.feedback.domain.outcomes import Outcome, exposure_so_far, outcome_of, unfollowed
from services.feedback.domain.watching import (
    ShelfStay,
    bore_out,
    days_watched,
    shelf_result,
    subject_of,
    unit_result,
)

__all__ = [
    "Action",
    "Advice",
    "Answer",
    "Decision",
    "DemandCheck",
    "Ending",
    "Evidence",
    "ForecastWeek",
    "Happening",
    "Kind",
    "Lesson",
    "Outcome",
    "Parameters",
    "PriceMove",
    "Proposal",
    "ShelfStay",
    "Status",
    "Stocking",
    "Transfer",
    "bore_out",
    "days_watched",
    "demand_check",
    "exposure_so_far",
    "lesson_of",
    "outcome_of",
    "propose",
    "shelf_result",
    "subject_of",
    "unfollowed",
    "unit_result",
]
