"""``doso migrate`` before it touches a database: whose passwords it was told."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from deploy.local.pipeline import SERVICES
from doso.main import app
from doso.secrets import password_variable

DSN = "postgresql://owner@127.0.0.1:1/doso"


@pytest.mark.parametrize("given", [[], SERVICES[:1], SERVICES[1:]])
def test_a_password_for_some_roles_only_is_refused_and_the_missing_are_named(given) -> None:
    environment = {password_variable(service): "secret" for service in given} | {"DOSO_POSTGRES_PASSWORD": "one"}
    told = CliRunner().invoke(app, ["migrate", "--dsn", DSN], env=environment)
    assert told.exit_code == 1
    words = " ".join(told.output.split())
    for service in SERVICES:
        assert (password_variable(service) in words) == (service not in given)
    assert "did not take the migration" not in words
