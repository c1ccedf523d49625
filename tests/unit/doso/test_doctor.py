"""The doctor's checks that need no server: each with a good case and a bad one."""

from __future__ import annotations

import json
import secrets as randomness
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from doso.doctor import clocks, files, flags, secrets, topics, transport
from doso.doctor.deployment import Deployment, hosts_of, is_local
from doso.doctor.examination import CHECKS
from doso.doctor.findings import Finding, Status
from doso.main import app
from services.gateway.security import SigningKeys, Tokens

if TYPE_CHECKING:
    from pathlib import Path

MADE_UP = {"kty": "OKP", "crv": "Ed25519", "d": "A" * 43, "x": "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik"}
OURS = Tokens.new_key()
PUBLISHED = {
    "kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}  # fmt: skip
STRONG, OTHER = randomness.token_hex(32), randomness.token_hex(32)
SAFE = {
    "DOSO_POSTGRES_DSN": "postgresql://db.internal:5432/doso?sslmode=verify-full",
    "DOSO_POSTGRES_PASSWORD": STRONG,
    "DOSO_QDRANT_URL": "https://qdrant.internal:6333",
    "DOSO_QDRANT_API_KEY": OTHER,
    "DOSO_GATEWAY_SIGNING_KEY": json.dumps(OURS),
    "DOSO_REDIS_URL": "rediss://redis.internal",
}


def told(findings: list[Finding], status: Status) -> str:
    return "\n".join(f"{each.check}: {each.found}" for each in findings if each.status is status)


async def unsafe(check, **changed: str | None) -> str:
    environment = {name: value for name, value in {**SAFE, **changed}.items() if value is not None}
    findings = await check(Deployment.of_environment(environment))
    assert findings
    for each in findings:
        assert each.advice or each.status is Status.OK, each
        for secret in (STRONG, OTHER, OURS["d"], PUBLISHED["d"]):
            assert secret not in each.found + each.advice
    return told(findings, Status.FAIL)


async def test_keys_are_safe_at_every_step_of_a_rotation() -> None:
    """The set that `doso keys rotate` writes has public keys, or a second private one, beside the first."""
    steps = [SigningKeys(SAFE["DOSO_GATEWAY_SIGNING_KEY"]).announce()]
    steps.append(SigningKeys(steps[-1]).rotate())
    steps.append(SigningKeys(steps[-1]).retire())
    for step in steps:
        assert await unsafe(secrets.check, DOSO_GATEWAY_SIGNING_KEY=step) == ""


@pytest.mark.parametrize("check", [secrets.check, transport.check, flags.check])
async def test_a_safe_deployment_is_found_safe(check) -> None:
    assert await unsafe(check) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"DOSO_POSTGRES_PASSWORD": "postgres-of-our-shop-2026"}, "everybody tries first"),
        ({"DOSO_POSTGRES_PASSWORD": "f7Kq2"}, "5 characters"),
        ({"DOSO_POSTGRES_PASSWORD": "abababababababababab"}, "2 different characters"),
        ({"DOSO_POSTGRES_PASSWORD": OTHER}, "are the same"),
        ({"DOSO_POSTGRES_PASSWORD": None}, "no password of a service's role is set"),
        ({"DOSO_MARKET_POSTGRES_PASSWORD": "f7Kq2"}, "DOSO_MARKET_POSTGRES_PASSWORD has 5 characters"),
        ({"DOSO_MARKET_POSTGRES_PASSWORD": STRONG}, "are the same"),
        ({"DOSO_POSTGRES_DSN": "postgresql://owner:Doso@db/doso"}, "the password in DOSO_POSTGRES_DSN holds a word"),
        ({"DOSO_QDRANT_API_KEY": None}, "without an API key"),
        ({"DOSO_GATEWAY_SIGNING_KEY": "secret"}, "is not JSON"),
        ({"DOSO_GATEWAY_SIGNING_KEY": '{"kty":"oct","k":"x","d":"eA","crv":"x"}'}, "not an Ed25519 JWK"),
        ({"DOSO_GATEWAY_SIGNING_KEY": json.dumps(MADE_UP)}, "made-up"),
        ({"DOSO_GATEWAY_SIGNING_KEY": json.dumps(PUBLISHED)}, "published"),
        ({"DOSO_GATEWAY_SIGNING_KEY": json.dumps({"keys": [Tokens.new_key(), PUBLISHED]})}, "published"),
        ({"DOSO_GATEWAY_SIGNING_KEY": SigningKeys(json.dumps(PUBLISHED)).rotate()}, "published"),
        ({"DOSO_GATEWAY_SIGNING_KEY": json.dumps({**OURS, "x": Tokens.new_key()["x"]})}, "public half"),
        ({"DOSO_GATEWAY_SIGNING_KEY": json.dumps({**OURS, "crv": "X25519"})}, "X25519"),
        ({"DOSO_GATEWAY_SIGNING_KEY": json.dumps({"keys": [OURS["d"]]})}, "neither a JWK"),
    ],
)  # fmt: skip
async def test_weak_secrets_are_found_and_never_shown(changed: dict[str, str | None], said: str) -> None:
    assert said in await unsafe(secrets.check, **changed)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"DOSO_POSTGRES_DSN": "postgresql://db.internal/doso"}, "sslmode=prefer"),
        ({"DOSO_POSTGRES_DSN": "postgresql://localhost,db.internal/doso?sslmode=disable"}, "sslmode=disable"),
        ({"DOSO_QDRANT_URL": "http://qdrant:6333"}, "Qdrant (DOSO_QDRANT_URL) is reached over the network in clear"),
        ({"DOSO_REDIS_URL": "redis://redis:6379"}, "Redis"),
        ({"OPENAI_BASE_URL": "http://llm.internal"}, "embeddings"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "collector"),
    ],
)
async def test_traffic_in_clear_over_the_network_is_found(changed: dict[str, str], said: str) -> None:
    assert said in await unsafe(transport.check, **changed)


async def test_what_stays_on_the_machine_may_be_in_clear() -> None:
    local = {
        "DOSO_POSTGRES_DSN": "postgresql:///doso?host=/run/postgresql", "DOSO_QDRANT_URL": "http://127.0.0.1:6333",
        "DOSO_REDIS_URL": "redis://[::1]:6379/0",
    }  # fmt: skip
    assert await unsafe(transport.check, **local) == ""
    found = await transport.check(
        Deployment.of_environment({**SAFE, "DOSO_KAFKA_BOOTSTRAP_SERVERS": "k1:9092,localhost:1"})
    )
    assert "Kafka at k1 in clear" in told(found, Status.WARN)


KAFKA = {
    "DOSO_KAFKA_BOOTSTRAP_SERVERS": "k1:9093", "DOSO_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "DOSO_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "DOSO_KAFKA_USERNAME": "doso", "DOSO_KAFKA_PASSWORD": "e1c2" * 10,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({}, Status.OK, "over TLS, by user and password (SCRAM-SHA-512)"),
        ({"DOSO_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, Status.FAIL, "password for Kafka at k1 goes over"),
        (
            {"DOSO_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "DOSO_KAFKA_BOOTSTRAP_SERVERS": "[::1]:1"},
            Status.OK,
            "on",
        ),
        ({"DOSO_KAFKA_USERNAME": ""}, Status.FAIL, "needs DOSO_KAFKA_USERNAME as well"),
        ({"DOSO_KAFKA_CA_FILE": "/nowhere/ca.pem"}, Status.FAIL, "/nowhere/ca.pem holds no certificates"),
    ],
)
async def test_kafka_is_judged_by_how_it_is_reached(changed: dict[str, str], status: Status, said: str) -> None:
    found = await transport.check(Deployment.of_environment({**SAFE, **KAFKA, **changed}))
    assert said in told([each for each in found if "kafka" in each.found.lower()], status)
    assert KAFKA["DOSO_KAFKA_PASSWORD"] not in str(found)


async def test_tls_without_a_password_is_said() -> None:
    named = {"DOSO_KAFKA_BOOTSTRAP_SERVERS": "k1:9093", "DOSO_KAFKA_SECURITY_PROTOCOL": "SSL"}
    found = await transport.check(Deployment.of_environment({**SAFE, **named}))
    assert "does not ask who we are" in told(found, Status.WARN)


async def test_a_weak_password_for_kafka_is_found() -> None:
    assert "DOSO_KAFKA_PASSWORD" in await unsafe(secrets.check, DOSO_KAFKA_PASSWORD="changeme-please-now")


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("postgresql://u:p%40x@db:5432,db2/doso", ["db", "db2"]),
        ("postgresql://postgres@/doso?host=%2Ftmp%2Fx&port=5432", ["/tmp/x"]),
        ("k1:9092, [::1]:9092", ["k1", "::1"]),
        ("https://example.com/x", ["example.com"]),
    ],
)
def test_hosts_are_read_from_any_address(address: str, hosts: list[str]) -> None:
    assert hosts_of(address) == hosts
    assert is_local(hosts[0]) == (hosts[0] in {"/tmp/x", "::1"})


@pytest.mark.parametrize(
    "changed",
    [{"PYTHONASYNCIODEBUG": "1"}, {"PYTHONOPTIMIZE": "2"}, {"DOSO_GATEWAY_CORS_ORIGINS": '["*"]'}, {"DEBUG": "true"}],
)
async def test_debug_switches_are_found(changed: dict[str, str]) -> None:
    assert next(iter(changed)) in await unsafe(flags.check, **changed)


async def test_an_installation_that_asks_nobody_for_a_second_factor_is_warned_of() -> None:
    async def warned(value: str) -> str:
        return told(await flags.check(Deployment({"DOSO_GATEWAY_SECOND_FACTOR_FOR": value})), Status.WARN)

    assert "stolen password" in await warned("nobody")
    assert await warned("admins") == await warned("everyone") == ""


async def test_files_that_others_can_open_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    for name in ("signing-key.json", "encryption-key"):
        (folder / name).write_text("{}")
        (folder / name).chmod(0o600)
    deployment = Deployment(environment={}, data_dir=folder)
    assert told(await files.check(deployment), Status.FAIL) == ""
    for name in ("signing-key.json", "encryption-key"):
        (folder / name).chmod(0o640)
    folder.chmod(0o755)
    found = told(await files.check(deployment), Status.FAIL)
    assert f"{folder} can be opened by others (mode 755)" in found
    assert "signing-key.json can be opened by others (mode 640)" in found
    assert "encryption-key can be opened by others (mode 640)" in found


@pytest.mark.parametrize(
    ("free", "status"), [(100.0, Status.OK), (9.0, Status.WARN), (1.5, Status.FAIL), (0.4, Status.FAIL)]
)
def test_little_room_on_the_disk_is_found(tmp_path: Path, free: float, status: Status) -> None:
    assert files.judge_disk(tmp_path, 100 * 1024**3, int(free * 1024**3)).status is status


@pytest.mark.parametrize(
    ("skew", "status"), [(0.4, Status.OK), (-1.9, Status.OK), (-3, Status.WARN), (45, Status.FAIL)]
)
def test_clocks_that_differ_are_found(skew: float, status: Status) -> None:
    assert clocks.judge("PostgreSQL", skew).status is status


def facts(**changed: object) -> dict[str, topics.TopicFacts]:
    settings = {"min.insync.replicas": "2", "retention.ms": "604800000", "cleanup.policy": "delete"}
    return {
        name: topics.TopicFacts(**{"partitions": partitions, "replication": 3, "settings": settings, **changed})
        for name, partitions in topics.expected().items()
    }


def test_topics_as_the_registry_has_them_are_well() -> None:
    assert [each.status for each in topics.judge(facts(), brokers=3, local=False)] == [Status.OK]
    assert [each.status for each in topics.judge(facts(replication=1), brokers=1, local=True)] == [Status.OK]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"partitions": 1}, "dms-event-received has 1 partitions, not 12"),
        ({"replication": 1}, "kept on fewer brokers than there are (3)"),
        ({"settings": {"min.insync.replicas": "1"}}, "accepted with one copy only"),
        ({"settings": {"retention.ms": "3600000"}}, "forgets after 1.0 hours"),
        ({"settings": {"cleanup.policy": "compact"}}, "is compacted"),
    ],
)
def test_topics_that_would_lose_events_are_found(changed: dict[str, object], said: str) -> None:
    assert said in told(topics.judge(facts(**changed), brokers=3, local=False), Status.FAIL)


def test_missing_topics_are_found_dead_letters_too() -> None:
    some = facts()
    del some["forecast-ready"], some["dms-event-received.dlq.inventory"]
    found = told(topics.judge(some, brokers=3, local=False), Status.FAIL)
    assert found == "topics: missing: dms-event-received.dlq.inventory, forecast-ready"


def test_the_command_ends_with_one_when_anything_is_unsafe_and_names_its_checks(monkeypatch) -> None:
    for name in SAFE:
        monkeypatch.delenv(name, raising=False)
    good = CliRunner().invoke(app, ["doctor", "--only", "disk", "--only", "flags", "--json"], env={})
    assert {each["check"] for each in json.loads(good.stdout)} == {"disk", "flags"}
    bad = CliRunner().invoke(app, ["doctor", "--only", "tenancy"])
    assert bad.exit_code == 1
    assert "no database is named" in bad.output
    wrong = CliRunner().invoke(app, ["doctor", "--only", "nonsense"])
    assert wrong.exit_code == 1
    assert all(name in wrong.output.replace("\n", " ") for name in CHECKS)


async def test_a_server_that_is_away_is_a_finding() -> None:
    from doso.doctor.examination import examine

    nowhere = Deployment(environment={}, postgres_dsn="postgresql://x@127.0.0.1:1/x", kafka="127.0.0.1:1")
    found = await examine(nowhere, ["roles", "tenancy", "topics", "clock"])
    assert [each.status for each in found] == [Status.FAIL] * 4
    assert all("could not be examined" in each.found for each in found)
