"""The published language: every event that crosses a service boundary, its topic and its value types.

Meaning crosses between services only here. Nothing in this package does I/O or imports another room.
"""

from shared.events.base import Event, deterministic_id, new_event_id, ordered_id
from shared.events.dms import (
    Availability,
    DmsEventKind,
    DmsEventReceived,
    ReportedFields,
    VehicleFields,
    usual_odometer_unit,
)
from shared.events.forecast import ForecastReady, WeeklyDemand
from shared.events.inventory import AskingPrice, InventoryUpdated, VehicleStatus
from shared.events.market import Listing, MarketDataReceived, MarketUpdated
from shared.events.outcome import OutcomeKind, OutcomeRecorded
from shared.events.policy import PolicyRules, PolicyUpdated
from shared.events.recommendation import (
    Action,
    AdviceStatus,
    Alternative,
    Decision,
    Evidence,
    PastAnswer,
    RecommendationAnswered,
    RecommendationIssued,
    SimilarCase,
)
from shared.events.segment import condition_group, segment_key, segment_label
from shared.events.topics import TOPICS, Topic, topic_of

__all__ = [
    "TOPICS",
    "Action",
    "AdviceStatus",
    "Alternative",
    "AskingPrice",
    "Availability",
    "Decision",
    "DmsEventKind",
    "DmsEventReceived",
    "Event",
    "Evidence",
    "ForecastReady",
    "InventoryUpdated",
    "Listing",
    "MarketDataReceived",
    "MarketUpdated",
    "OutcomeKind",
    "OutcomeRecorded",
    "PastAnswer",
    "PolicyRules",
    "PolicyUpdated",
    "RecommendationAnswered",
    "RecommendationIssued",
    "ReportedFields",
    "SimilarCase",
    "Topic",
    "VehicleFields",
    "VehicleStatus",
    "WeeklyDemand",
    "condition_group",
    "deterministic_id",
    "new_event_id",
    "ordered_id",
    "segment_key",
    "segment_label",
    "topic_of",
    "usual_odometer_unit",
]
