"""``doso dead-letters``: what could not be handled, and sending it again."""

from doso.dead_letters.commands import app

__all__ = ["app"]
