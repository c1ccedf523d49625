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
from services.feedback.domain.learning import DemandCheck, Evidence, Proposal, pooled, propose
from services.feedback.domain.outcomes import Outcome, exposure_so_far, outcome_of, standing

__all__ = [
    "Action",
    "Advice",
    "Answer",
    "Decision",
    "DemandCheck",
    "Ending",
    "Evidence",
    "Happening",
    "Kind",
    "Outcome",
    "Parameters",
    "PriceMove",
    "Proposal",
    "Status",
    "Stocking",
    "Transfer",
    "exposure_so_far",
    "outcome_of",
    "pooled",
    "propose",
    "standing",
]
