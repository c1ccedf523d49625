"""Letting requests in: by address before anything is read or looked up, by sender and tenant once known."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.types import Scope

from services.gateway.limits.limiter import CountersAway, Limiter, Partition, Verdict
from services.gateway.limits.routes import RouteClass

_KEY = "doso.admission"
AWAY = "Requests of this kind cannot be counted right now, and are not let in uncounted: try again."


class Identified(Protocol):
    """Somebody whose credentials were good."""

    @property
    def tenant_id(self) -> UUID:
        """The dealer group."""

    @property
    def actor(self) -> str:
        """The person's name, or the key's id."""


@dataclass(slots=True)
class Admission:
    """One request on its way in, and what the limits have said of it so far."""

    limiter: Limiter
    route_class: RouteClass
    verdicts: list[Verdict] = field(default_factory=list)
    principal: Any = None

    async def count(self, partition: Partition, identity: str) -> Verdict | None:
        """Count the request once; gives the verdict if it was refused."""
        verdict = await self.limiter.hit(self.route_class, partition, identity)
        if verdict is None:
            return None
        self.verdicts.append(verdict)
        return None if verdict.allowed else verdict

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Give RateLimit-Policy, RateLimit for the tightest of the policies, and Retry-After where refused."""
        if not self.verdicts:
            return []
        tightest = min(self.verdicts, key=lambda verdict: verdict.window.remaining)
        refused = next((verdict for verdict in self.verdicts if not verdict.allowed), None)
        headers = [
            (b"ratelimit-policy", self.limiter.headers(self.route_class).encode()),
            (b"ratelimit", (refused or tightest).header.encode()),
        ]
        if refused is not None:
            headers.append((b"retry-after", str(refused.wait).encode()))
        return headers


def enter(scope: Scope, admission: Admission) -> None:
    """Remember a request's admission with it."""
    scope[_KEY] = admission


async def admit(scope: Scope, principal: Identified) -> None:
    """Count a request whose sender is known now; raises 429, or 503 where it cannot be counted.

    Counting twice for one request counts once. The headers that go with a refusal are added on the way out.
    """
    admission: Admission | None = scope.get(_KEY)
    if admission is None or admission.principal is not None:
        return
    admission.principal = principal
    try:
        refused = await admission.count("sender", f"{principal.tenant_id}/{principal.actor}")
        if refused is None:
            refused = await admission.count("tenant", str(principal.tenant_id))
    except CountersAway as error:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE.value, AWAY, {"Retry-After": "2"}) from error
    if refused is not None:
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS.value, over(refused))


def identified(scope: Scope) -> Any:
    """Give the principal that this request was found to come from earlier, if any."""
    admission: Admission | None = scope.get(_KEY)
    return admission.principal if admission is not None else None


def over(verdict: Verdict) -> str:
    """Say which rate was exceeded, and when to try again."""
    rate, whose = (
        verdict.policy.item,
        {"address": "your address", "sender": "these credentials", "tenant": "your group"},
    )
    return (
        f"More than {rate.amount} requests of this kind in {rate.get_expiry()} s from"
        f" {whose[verdict.policy.partition]}: wait {verdict.wait} s, and send more at a time where that is possible."
    )
