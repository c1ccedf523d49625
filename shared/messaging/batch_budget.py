"""How long a batch may take, so that the broker and health wait for that long, and a slow event is parked in time."""

from dataclasses import dataclass

PARTS = 8
"""Into how many a batch that takes too long is divided: few levels, for each costs a statement's whole time."""
BACKOFF_SECONDS = 0.2
_KAFKA_USUAL_SECONDS = 300.0
_MARGIN = 1.25
_HEALTH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class BatchBudget:
    """What follows from the greatest batch, its topics, the tries of an event and the time of a statement.

    A try is reckoned as one statement's time: what has several that are each nearly too slow may take longer, is then
    handed out once more, and goes on with what is left of it.
    """

    records: int
    topics: int
    attempts: int
    statement_seconds: float

    @property
    def levels(self) -> int:
        """How often the greatest batch is too slow before a record stands alone."""
        levels, size = 0, self.records
        while size > 1:
            levels, size = levels + 1, -(-size // PARTS)
        return levels

    @property
    def dividing_seconds(self) -> float:
        """After how long a batch of which something was kept is handed back when it turns out slow once more.

        By then the first slow event stands alone and was tried once, with a statement's time to spare for the others.
        """
        return (self.topics + self.levels + 1) * self.statement_seconds

    @property
    def parking_seconds(self) -> float:
        """The longest until a slow event is parked: the other topics, the levels down to the one, and its tries."""
        pauses = BACKOFF_SECONDS * (2.0 ** (self.attempts - 1) - 1)
        return self.dividing_seconds + (self.attempts - 1) * self.statement_seconds + pauses

    @property
    def longest_seconds(self) -> float:
        """The longest that a batch takes: after a slow event was parked, one more try."""
        return self.parking_seconds + self.statement_seconds

    @property
    def poll_interval_seconds(self) -> float:
        """After how long without a poll the consumer leaves its group."""
        return max(_KAFKA_USUAL_SECONDS, _MARGIN * self.longest_seconds)

    @property
    def health_seconds(self) -> float:
        """After how long at the same place, or outside its group, the consumer is dead."""
        return self.poll_interval_seconds + _HEALTH_SECONDS
