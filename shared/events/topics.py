"""The registry: every topic with its model, its producers, its consumers and its partitions."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.events.base import Event
from shared.events.dms import DmsEventReceived
from shared.events.forecast import ForecastReady
from shared.events.inventory import InventoryUpdated
from shared.events.market import MarketDataReceived, MarketUpdated
from shared.events.outcome import OutcomeRecorded
from shared.events.policy import PolicyUpdated
from shared.events.recommendation import RecommendationAnswered, RecommendationIssued

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Topic(Generic[E]):
    """A topic: keyed by dealer id, so that one rooftop's events keep their order.

    ``producer`` owns it; ``also_from`` are other services that write to it.
    """

    name: str
    model: type[E]
    producer: str
    consumers: tuple[str, ...]
    partitions: int = 12
    also_from: tuple[str, ...] = ()

    @property
    def producers(self) -> tuple[str, ...]:
        """Every service that writes to it, the owner first."""
        return (self.producer, *self.also_from)

    @property
    def event_type(self) -> str:
        """The CloudEvents type of what it carries."""
        return f"doso.{self.name}.v{self.model.model_fields['schema_version'].default}"

    def dead_letters(self, group: str) -> str:
        """Name the topic where ``group`` parks what can never work."""
        return f"{self.name}.dlq.{group}"


DMS_EVENT_RECEIVED = Topic("dms-event-received", DmsEventReceived, "gateway", ("inventory",))
MARKET_DATA_RECEIVED = Topic("market-data-received", MarketDataReceived, "gateway", ("market",))
INVENTORY_UPDATED = Topic(
    "inventory-updated", InventoryUpdated, "inventory", ("market", "forecast", "recommend", "feedback", "gateway")
)
MARKET_UPDATED = Topic("market-updated", MarketUpdated, "market", ("forecast", "recommend", "gateway"))
FORECAST_READY = Topic("forecast-ready", ForecastReady, "forecast", ("recommend", "feedback", "gateway"))
RECOMMENDATION_ISSUED = Topic("recommendation-issued", RecommendationIssued, "recommend", ("feedback", "gateway"))
RECOMMENDATION_ANSWERED = Topic(
    "recommendation-answered", RecommendationAnswered, "gateway", ("recommend", "feedback", "gateway")
)
OUTCOME_RECORDED = Topic("outcome-recorded", OutcomeRecorded, "feedback", ("recommend", "gateway"))
POLICY_UPDATED = Topic(
    "policy-updated", PolicyUpdated, "feedback", ("forecast", "recommend", "gateway"), also_from=("gateway",)
)
"""Parameters are learned by feedback; rules are set through the gateway."""

TOPICS: dict[str, Topic[Event]] = {
    topic.name: topic  # type: ignore[misc]  # Topic is read-only, so covariant in all but name
    for topic in (
        DMS_EVENT_RECEIVED,
        MARKET_DATA_RECEIVED,
        INVENTORY_UPDATED,
        MARKET_UPDATED,
        FORECAST_READY,
        RECOMMENDATION_ISSUED,
        RECOMMENDATION_ANSWERED,
        OUTCOME_RECORDED,
        POLICY_UPDATED,
    )
}


def topic_of(event: Event) -> Topic[Event]:
    """Find the topic that carries an event's model."""
    for topic in TOPICS.values():
        if topic.model is type(event):
            return topic
    message = f"no topic carries {type(event).__name__}; add it to shared/events/topics.py"
    raise LookupError(message)
