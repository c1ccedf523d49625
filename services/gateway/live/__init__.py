"""Events as they happen, to whoever listens: kept in PostgreSQL, fanned out by a hub in each process."""

from services.gateway.live.hub import Hub, Limits, TooMany
from services.gateway.live.message import Message
from services.gateway.live.purge import Purge
from services.gateway.live.session import Ended, Session
from services.gateway.live.subscription import Reason, Subscription

__all__ = ["Ended", "Hub", "Limits", "Message", "Purge", "Reason", "Session", "Subscription", "TooMany"]
