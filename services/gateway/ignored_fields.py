"""Names in events' data that nobody reads: most often one of ours, written otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from shared.events import VehicleFields

if TYPE_CHECKING:
    from services.gateway.ingest import CloudEvent

_MOST = 50
_LONGEST = 80


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


_OURS = {_plain(name): name for name in VehicleFields.model_fields}


class IgnoredField(BaseModel):
    """A field of accepted events that was not read: how many had it, the place of the first, and what was meant."""

    field: str
    events: int
    first: int
    meant: str | None = None


class IgnoredFields:
    """Gathers such names over the events of a request: the first fifty of them."""

    def __init__(self) -> None:
        self._found: dict[str, IgnoredField] = {}

    def note(self, index: int, cloud: CloudEvent) -> None:
        """Take note of the event at a place of the request."""
        for name in cloud.data.model_extra or ():
            known = self._found.get(name)
            if known is not None:
                known.events += 1
            elif len(self._found) < _MOST:
                shown = f"data.{name[:_LONGEST]}".replace("\x00", "")
                self._found[name] = IgnoredField(field=shown, events=1, first=index, meant=_OURS.get(_plain(name)))

    def told(self) -> list[IgnoredField]:
        """Give what was found, in the order it came."""
        return list(self._found.values())
