"""policy-updated: the parameters a rooftop's advice is computed with."""

from typing import Literal

from shared.events.base import Event


class PolicyUpdated(Event):
    """A version of a rooftop's learned parameters, each with what it was before and why it moved."""

    policy_version: int
    previous_version: int
    status: Literal["active", "rolled_back"] = "active"
    parameters: dict[str, float]
    previous: dict[str, float]
    evidence_count: int
    reason: str
