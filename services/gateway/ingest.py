"""Accepting DMS events: each is judged on its own, the good ones are durable before anybody is answered."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.gateway.store.accounts import Dealer
from shared.events import DmsEventKind, DmsEventReceived, VehicleFields, deterministic_id
from shared.events.vin import Vin

_TOMORROW = timedelta(days=1)
_OLDEST = date(1990, 1, 1)
_UNKNOWN_AT_ZERO = ("msrp", "invoice", "cost", "list_price", "sale_price")
"""Amounts that no vehicle has: systems write a zero where they hold nothing."""
_USED = frozenset({"used", "certified"})


class SentFields(VehicleFields):
    """What senders say of a vehicle: names that are not ours are kept for telling them so."""

    model_config = ConfigDict(extra="allow")


class CloudEvent(BaseModel):
    """One DMS event as a CloudEvents 1.0 JSON document."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "specversion": "1.0",
                    "id": "42-2026-03-02-001",
                    "source": "urn:dms:acme:42",
                    "type": "vehicle.priced",
                    "time": "2026-03-02T15:04:05Z",
                    "subject": "1M8GDM9AXKP042788",
                    "dealerid": "2f6c4a2e-6f0e-4c5e-9d4b-0f4d9d1c2b3a",
                    "data": {"vin": "1M8GDM9AXKP042788", "list_price": "18990.00"},
                }
            ]
        },
    )

    specversion: str = Field(pattern=r"^1\.0$")
    id: str = Field(min_length=1, max_length=200)
    source: str = Field(min_length=1, max_length=300)
    type: DmsEventKind
    time: AwareDatetime
    subject: str | None = Field(default=None, max_length=120)
    dealerid: UUID
    data: SentFields = Field(default_factory=SentFields)


class Sender(Protocol):
    """Who sent an event: a tenant's credentials, for some rooftops or (None) for all of them."""

    @property
    def tenant_id(self) -> UUID:
        """The dealer group."""

    @property
    def dealer_ids(self) -> frozenset[UUID] | None:
        """The rooftops in scope."""


class RejectionError(Exception):
    """Why one event was refused."""

    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = list(errors)
        self.unknown_dealer: UUID | None = None
        """The rooftop that was named and is not the sender's."""


def parse(raw: bytes | Mapping[str, Any]) -> CloudEvent:
    """Read one event; raises ``RejectionError`` that names each field and what is wrong with it."""
    try:
        if isinstance(raw, bytes):
            return CloudEvent.model_validate_json(raw)
        return CloudEvent.model_validate(raw)
    except ValidationError as error:
        raise RejectionError(*_complaints(error)) from error


def accept(
    cloud: CloudEvent, principal: Sender, dealers: Mapping[UUID, Dealer], received_at: datetime
) -> DmsEventReceived:
    """Judge one event against who sent it and what is plausible; raises ``RejectionError``."""
    dealer = dealers.get(cloud.dealerid)
    if dealer is None or (principal.dealer_ids is not None and dealer.dealer_id not in principal.dealer_ids):
        message = f"dealerid: no dealer {cloud.dealerid} here; see GET /api/v1/dealers for the ids"
        raise _of_unknown_dealer(cloud.dealerid, message)
    problems = list(_implausible(cloud, dealers, received_at))
    if problems:
        destination = cloud.data.destination_dealer_id
        raise _of_unknown_dealer(destination if destination not in dealers else None, *problems)
    data = cloud.data
    vin = data.vin or _vin_in(cloud.subject)
    # Everything was validated above; building again field by field would double the cost of an event.
    return DmsEventReceived.of_valid(
        **{**vars(data), "vin": vin, **_meant(data)},
        event_id=deterministic_id("dms", principal.tenant_id, cloud.source, cloud.id),
        occurred_at=cloud.time.astimezone(UTC),
        reported_on=cloud.time.astimezone(ZoneInfo(dealer.timezone)).date(),
        tenant_id=principal.tenant_id,
        dealer_id=dealer.dealer_id,
        source=cloud.source,
        source_event_id=cloud.id,
        kind=cloud.type,
        subject=cloud.subject,
        received_at=received_at,
        dealer_name=dealer.name,
        currency=dealer.currency,
        region=dealer.region,
    )


def _meant(data: VehicleFields) -> dict[str, Any]:
    """Give the fields that mean something else than they say, as the same system's files are read."""
    meant: dict[str, Any] = {name: None for name in _UNKNOWN_AT_ZERO if getattr(data, name) == 0}
    if data.odometer == 0 and data.condition in _USED:
        meant["odometer"] = None
    return meant


def _of_unknown_dealer(dealer_id: UUID | None, *errors: str) -> RejectionError:
    rejection = RejectionError(*errors)
    rejection.unknown_dealer = dealer_id
    return rejection


def _implausible(cloud: CloudEvent, dealers: Mapping[UUID, Dealer], now: datetime) -> Iterable[str]:
    yield from _unwritable(cloud)
    yield from _implausible_times(cloud, now)
    yield from _unidentified(cloud)
    if cloud.type is DmsEventKind.TRANSFERRED:
        destination = cloud.data.destination_dealer_id
        if destination is None:
            yield "data.destination_dealer_id: a transfer needs the dealer it goes to"
        elif destination not in dealers:
            yield f"data.destination_dealer_id: no dealer {destination} here"
    if cloud.type is DmsEventKind.PRICED and not cloud.data.list_price:
        yield "data.list_price: a price event needs the price, which is never 0"


def _unwritable(cloud: CloudEvent) -> Iterable[str]:
    for prefix, part in (("", vars(cloud)), ("data.", vars(cloud.data))):
        # Every event comes by here: the texts are looked through at once, and one by one only where one is wrong.
        if "\x00" in "".join([value for value in part.values() if type(value) is str]):
            for name, value in part.items():
                if type(value) is str and "\x00" in value:
                    yield f"{prefix}{name}: holds a NUL character, which cannot be stored"


def _implausible_times(cloud: CloudEvent, now: datetime) -> Iterable[str]:
    data = cloud.data
    if cloud.time > now + _TOMORROW:
        yield f"time: {cloud.time.isoformat()} is in the future; check the sender's clock and time zone"
    if cloud.time.year < _OLDEST.year:
        yield f"time: {cloud.time.isoformat()} is before {_OLDEST}; send RFC 3339, such as 2026-03-02T15:04:05Z"
    for name in ("stock_date", "sale_date", "priced_on"):
        value: date | None = getattr(data, name)
        if value is not None and value > (now + _TOMORROW).date():
            yield f"data.{name}: {value} is in the future"
        if value is not None and value < _OLDEST:
            yield f"data.{name}: {value} is before {_OLDEST}; send YYYY-MM-DD"
    if data.stock_date and data.sale_date and data.sale_date < data.stock_date:
        yield f"data.sale_date: {data.sale_date} is before data.stock_date {data.stock_date}"


def _unidentified(cloud: CloudEvent) -> Iterable[str]:
    data = cloud.data
    if data.vin is None and data.stock_number is None and cloud.subject is None:
        yield "data.vin: say which vehicle: data.vin, data.stock_number or subject"
    vin = Vin(data.vin) if data.vin else _vin_in(cloud.subject)
    if vin is not None and vin.north_american and not vin.check_digit_valid:
        yield f"data.vin: {vin} has a wrong check digit (position 9); a character is mistyped"


def _vin_in(subject: str | None) -> Vin | None:
    try:
        return Vin(subject) if subject else None
    except ValueError:
        return None


def _complaints(error: ValidationError) -> list[str]:
    complaints = []
    for item in error.errors(include_input=False, include_url=False, include_context=False):
        where = ".".join(str(part) for part in item["loc"]) or "body"
        if where == "type":
            known = ", ".join(kind.value for kind in DmsEventKind)
            complaints.append(f"type: not a type we know; it is one of {known}")
        else:
            complaints.append(f"{where}: {item['msg']}")
    return complaints
