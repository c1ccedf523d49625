"""What every answer of the gateway carries."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
import structlog
from guarded import Guarded, problem


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/api/v1/things", 405), ("GET", "/api/v1/broken", 500),
     ("POST", "/api/v1/things", 422)],
)  # fmt: skip
async def test_whatever_goes_wrong_is_a_problem_with_every_header(method: str, path: str, status: int) -> None:
    answer = await Guarded().ask(method, path)
    problem(answer, status)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("sent", "kept"), [("0b5c1a2e-77", True), ("short", False), ("x" * 65, False), ("a b c d e f", False)]
)
async def test_a_request_id_is_taken_over_where_it_is_one_and_bound_to_the_log(sent: str, kept: bool) -> None:
    answer = await Guarded().ask("GET", "/api/v1/request-id", headers={"X-Request-ID": sent})
    assert answer.json() == answer.headers["x-request-id"]
    assert (answer.headers["x-request-id"] == sent) is kept
    assert structlog.contextvars.get_contextvars() == {}


async def test_https_is_insisted_on_where_it_is_spoken() -> None:
    header = "strict-transport-security"
    said = {"X-Forwarded-Proto": "https"}
    assert header not in (await Guarded().ask("GET", "/nowhere", headers=said)).headers
    behind = Guarded(trusted_proxies="127.0.0.0/8")  # where the transport says it comes from
    assert header in (await behind.ask("GET", "/nowhere", headers=said)).headers


async def test_the_documentation_may_run_its_own_script_and_no_other() -> None:
    answer = await Guarded().ask("GET", "/docs")
    policy = answer.headers["content-security-policy"]
    script = answer.text.split("<script>", 1)[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    sources = policy.split("script-src ", 1)[1].split(";")[0].split()
    assert sources == ["https://cdn.jsdelivr.net", f"'sha256-{digest}'"]
    schema = await Guarded().ask("GET", "/openapi.json")
    assert json.loads(schema.text)["openapi"]
