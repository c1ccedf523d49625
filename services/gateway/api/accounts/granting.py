"""What an admin may give to others: no more than they have themselves."""

from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

from services.gateway.api.principal import Gate, Principal
from services.gateway.api.problems import ProblemError, not_found
from services.gateway.store.accounts import User


def require_whole_group(admin: Principal) -> None:
    """Refuse, with 403, an admin of some rooftops what concerns the group."""
    if admin.dealer_ids is not None:
        raise ProblemError(HTTPStatus.FORBIDDEN, "Only an admin of the whole group may do this.")


async def check_dealers(gate: Gate, admin: Principal, dealer_ids: Sequence[UUID] | None) -> None:
    """Check that rooftops are the group's and the admin's own; raises 404, or 403 for the whole group (None)."""
    if dealer_ids is None:
        if admin.dealer_ids is not None:
            message = "You have some rooftops yourself: name dealer_ids from among them."
            raise ProblemError(HTTPStatus.FORBIDDEN, message)
        return
    known = await gate.dealers(admin.tenant_id)
    for dealer_id in dealer_ids:
        admin.scope(dealer_id)
        if dealer_id not in known:
            raise not_found("dealer", dealer_id)


def within(admin: Principal, dealer_ids: Sequence[UUID] | None) -> bool:
    """Tell whether somebody with these rooftops is the admin's to see and change."""
    if admin.dealer_ids is None:
        return True
    return dealer_ids is not None and admin.dealer_ids.issuperset(dealer_ids)


def check_may_change(admin: Principal, user: User | None, user_id: UUID) -> User:
    """Give the user if the admin may change them; raises 404, or 403 for the installation's admin."""
    if user is None or not within(admin, user.dealer_ids):
        raise not_found("user", user_id)
    if user.platform and not admin.platform:
        raise ProblemError(HTTPStatus.FORBIDDEN, "Only the admin of the installation may change themselves.")
    return user
