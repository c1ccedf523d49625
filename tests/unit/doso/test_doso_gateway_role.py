"""Where commands that act as the gateway find its role's password."""

from __future__ import annotations

import pytest

from doso.gateway_role import password_of_the_role


@pytest.mark.parametrize(
    ("environment", "password"),
    [
        ({"DOSO_POSTGRES_PASSWORD": "own"}, "own"),
        ({"DOSO_GATEWAY_POSTGRES_PASSWORD": "migration's"}, "migration's"),
        ({"DOSO_POSTGRES_PASSWORD": "own", "DOSO_GATEWAY_POSTGRES_PASSWORD": "migration's"}, "own"),
        ({"DOSO_POSTGRES_PASSWORD": "", "DOSO_GATEWAY_POSTGRES_PASSWORD": ""}, None),
        ({"DOSO_INVENTORY_POSTGRES_PASSWORD": "another's"}, None),
    ],
)
def test_the_password_is_the_services_or_the_migrations(environment: dict[str, str], password: str | None) -> None:
    assert password_of_the_role(environment) == password
