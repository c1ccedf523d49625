"""Tenants, dealers, users, invitations, sign-ins, second factors, API keys."""

from services.gateway.store.accounts.api_keys import (
    DEFAULT_SCOPES,
    ApiKey,
    add_api_key,
    api_key,
    api_key_of_tenant,
    expire_api_key,
    revoke_api_key,
    touch_api_key,
)
from services.gateway.store.accounts.tenants import (
    Dealer,
    add_dealer,
    add_tenant,
    dealers,
    tenant_name,
    tenants,
)
from services.gateway.store.accounts.users import (
    Credentials,
    User,
    add_user,
    change_user,
    lock_group_admins,
    set_password_hash,
    user_by_id,
    user_by_name,
    user_by_sign_in,
)
from services.gateway.store.audit import write_audit

__all__ = [
    "DEFAULT_SCOPES",
    "ApiKey",
    "Credentials",
    "Dealer",
    "User",
    "add_api_key",
    "add_dealer",
    "add_tenant",
    "add_user",
    "api_key",
    "api_key_of_tenant",
    "change_user",
    "dealers",
    "expire_api_key",
    "lock_group_admins",
    "revoke_api_key",
    "set_password_hash",
    "tenant_name",
    "tenants",
    "touch_api_key",
    "user_by_id",
    "user_by_name",
    "user_by_sign_in",
    "write_audit",
]
