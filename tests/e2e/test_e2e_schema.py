"""Whatever the OpenAPI document allows, and what it does not, is answered as the document says; never with a 5xx."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import System
from tests.e2e.conftest import Group

EXAMPLES = 4
"""Requests of each kind for each operation: a smoke; a long run is a matter for the command line."""

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_LEFT_OUT = r"/stream|/auth/|/users/|/webhooks/|/ready"
"""Streams never end; readiness may be a 503 while the machine is busy; the others end the very sign-in that asks, or need a signature (``test_e2e_webhooks``)."""


@pytest.fixture(scope="module")
def document(system: System, group: Group) -> Any:
    """Load what is served, to be asked as the admin of a group of its own, which nobody else works with."""
    loaded = schemathesis.openapi.from_url(f"{system.url}/openapi.json", timeout=60)
    loaded.config.headers = {"Authorization": group.http.headers["Authorization"]}
    return loaded.exclude(path_regex=_LEFT_OUT)


def test_every_operation_answers_as_documented(document: Any) -> None:
    wrong, asked = [], 0
    for result in document.get_all_operations():
        operation = result.ok()
        for mode in GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
            def ask(case: Any) -> None:
                nonlocal asked
                asked += 1
                case.call_and_validate(timeout=60, checks=CHECKS)

            try:
                ask()
            except Unsatisfiable:
                continue  # nothing that this operation would have to refuse can be made up
            except (FailureGroup, Failure) as failure:
                wrong.append(f"{operation.label}: {failure}")
    assert not wrong, "\n".join(wrong)
    assert asked > 200
