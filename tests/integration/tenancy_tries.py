"""The requests with a body that name something of the other tenant's, and how each must be answered.

A new route with a body fails the matrix until it is taught here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.integration.tenancy_matrix import MINE_VIN, Named, delivery

if TYPE_CHECKING:
    from collections.abc import Callable

A_PASSWORD = "quite another long phrase 7"


@dataclass
class Try:
    """A request that names something of the other tenant's, and how it must be answered."""

    status: set[int]
    sent: dict[str, Any] = field(default_factory=dict)
    own_path: bool = False
    """The path names my own thing: what is the other's is in the body."""


def event(dealer: str, **data: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "forged", "source": "urn:x", "type": "vehicle.stocked", "dealerid": dealer,
            "time": "2026-03-02T15:04:05Z", "data": {"vin": MINE_VIN, **data}}  # fmt: skip


def moved(mine: Named, theirs: Named) -> dict[str, Any]:
    return event(mine.dealer_id, destination_dealer_id=theirs.dealer_id) | {"type": "vehicle.transferred"}


def _json(status: int, body: object, *, own_path: bool = False, **more: Any) -> Try:
    return Try({status}, {"json": body, **more}, own_path)


def _signing_in(_: Named, t: Named) -> dict[str, list[Try]]:
    """Names and secrets of the other's where one's own belong."""
    return {
        "POST /api/v1/auth/token": [Try({401}, {"data": {"username": t.party.username, "password": "guessed"}})],
        "POST /api/v1/auth/refresh": [Try({401}, {"data": {"refresh_token": t.party.api_key}})],
        "POST /api/v1/auth/logout": [Try({204}, {"data": {"refresh_token": t.party.api_key}})],
        "POST /api/v1/auth/password": [_json(403, {"current_password": t.source_secret, "new_password": A_PASSWORD})],
        "POST /api/v1/auth/password-reset": [_json(404, {"token": t.invitation_id, "new_password": A_PASSWORD})],
        "POST /api/v1/auth/mfa/enroll": [_json(403, {"password": t.source_secret})],
        "POST /api/v1/auth/mfa/confirm": [_json(403, {"otp": t.recovery_code})],
        "POST /api/v1/auth/mfa/recovery-codes": [_json(403, {"otp": t.recovery_code})],
        "POST /api/v1/auth/mfa/disable": [_json(403, {"password": t.source_secret, "otp": t.recovery_code})],
        "POST /api/v1/invitations/accept": [_json(404, {"token": t.invitation_id, "password": A_PASSWORD})],
    }


def _accounts(m: Named, t: Named) -> dict[str, list[Try]]:
    person = {"username": "spy", "role": "viewer"}
    north = {"name": "North", "currency": "USD", "region": "US-OH"}
    return {
        "POST /api/v1/tenants": [_json(409, {"name": "x", "admin": t.party.username})],
        "POST /api/v1/dealers": [  # the same name lives in both
            _json(201, north),
            _json(422, {**north, "tenant_id": str(t.party.tenant_id)}),
        ],
        "POST /api/v1/users": [
            _json(404, {**person, "password": A_PASSWORD, "dealer_ids": [t.dealer_id]}),
            _json(409, {**person, "password": A_PASSWORD, "username": t.party.username}),
        ],
        "PATCH /api/v1/dealers/{dealer_id}": [
            _json(404, {"name": "Mine now"}),
            _json(404, {"region": "US-OH", "currency": "CAD"}),
        ],
        "PATCH /api/v1/users/{user_id}": [
            _json(404, {"role": "admin"}),
            _json(404, {"dealer_ids": [m.dealer_id]}),
            _json(404, {"dealer_ids": [t.dealer_id]}, own_path=True),
        ],
        "POST /api/v1/users/{user_id}/password-reset": [_json(404, {"expires_in_hours": 1})],
        "POST /api/v1/invitations": [
            _json(404, {**person, "dealer_ids": [t.dealer_id]}),
            _json(409, {**person, "username": t.party.username}),
        ],
        "POST /api/v1/api-keys": [_json(404, {"name": "spy", "dealer_ids": [t.dealer_id]})],
        "POST /api/v1/api-keys/{key_id}/rotate": [_json(404, {"overlap_hours": 0})],
    }


def _data(m: Named, t: Named) -> dict[str, list[Try]]:
    stranger = [  # not a delivery of theirs: signed with my secret, and unsigned
        Try({401}, delivery("forged", m.source_secret, event(t.dealer_id))),
        Try({401}, {"json": [event(t.dealer_id)]}),
    ]
    mine = Try({202}, delivery("mine", m.source_secret, event(t.dealer_id), moved(m, t)), own_path=True)
    return {
        # Each event is answered for itself: see the test of events that name another's rooftop.
        "POST /api/v1/dms/events": [_json(202, [event(t.dealer_id), moved(m, t)])],
        "POST /api/v1/dms/webhooks/{source_id}": [*stranger, mine],
        "POST /api/v1/dms/webhooks/{source_id}/event/{channel}": stranger,
        "POST /api/v1/dms/sources": [
            _json(404, {"name": "spy", "dealer_ids": [t.dealer_id]}),
            _json(404, {"name": "spy", "dealer_codes": {"A": t.dealer_id}}),
        ],
        "PATCH /api/v1/dms/sources/{source_id}": [
            _json(404, {"status": "disabled"}),
            _json(404, {"dealer_ids": [t.dealer_id]}, own_path=True),
            _json(404, {"dealer_codes": {"A": t.dealer_id}}, own_path=True),
        ],
        "POST /api/v1/dms/sources/{source_id}/rotate-secret": [_json(404, {"overlap_hours": 0})],
        "POST /api/v1/{kind}/imports": [
            Try({404}, {"data": {"dealer_id": t.dealer_id}, "files": {"file": ("x.csv", b"VIN\n1\n")}})
        ],
        "POST /api/v1/recommendations/{recommendation_id}/response": [_json(404, {"decision": "accepted"})],
        "PUT /api/v1/policies": [
            _json(404, {"max_age_days": 1}, headers={"If-Match": '"1"'}, params={"dealer_id": t.dealer_id}),
            _json(
                422,
                {"lanes": [{"from_dealer_id": m.dealer_id, "to_dealer_id": t.dealer_id, "cost": "1"}]},
                headers={"If-Match": '"0"'},
            ),
        ],
    }


_SUBJECTS: tuple[Callable[[Named, Named], dict[str, list[Try]]], ...] = (_signing_in, _accounts, _data)


def tries_with_body(mine: Named, theirs: Named) -> dict[str, list[Try]]:
    """Give every route's requests with a body, by the route's name."""
    return {name: tries for subject in _SUBJECTS for name, tries in subject(mine, theirs).items()}
