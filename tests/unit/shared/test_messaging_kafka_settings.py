"""Kafka's settings: whole or refused, and a password that shows nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from faststream.security import SASLPlaintext, SASLScram256, SASLScram512
from pydantic import SecretStr, ValidationError

from shared.messaging import KafkaSettings

PASSWORD = "a long and random one"
SASL = {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512", "username": "u", "password": PASSWORD}


def settings(**given: Any) -> KafkaSettings:
    return KafkaSettings(**{"bootstrap_servers": "k1:9092, k2:9093", **given})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"security_protocol": "SASL_SSL"}, "DOSO_KAFKA_SASL_MECHANISM, DOSO_KAFKA_USERNAME, DOSO_KAFKA_PASSWORD"),
        ({**SASL, "password": ""}, "needs DOSO_KAFKA_PASSWORD"),
        ({**SASL, "security_protocol": "SSL"}, "would not be used"),
        ({**SASL, "security_protocol": "PLAINTEXT"}, "would not be used"),
        ({"ca_file": "ca.pem"}, "DOSO_KAFKA_CA_FILE would not be used"),
        ({**SASL, "sasl_mechanism": "GSSAPI"}, "SCRAM-SHA-512"),
        ({"security_protocol": "ssl"}, "SASL_SSL"),
    ],
)
def test_half_a_configuration_is_refused_without_its_password(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as refused:
        settings(**given)
    assert PASSWORD not in str(refused.value)


def test_nothing_is_added_where_nothing_is_asked_for() -> None:
    plain = settings()
    assert plain.client_options() == {"bootstrap_servers": ["k1:9092", "k2:9093"], "security_protocol": "PLAINTEXT"}
    assert plain.broker_security() is None


@pytest.mark.parametrize(
    ("mechanism", "kind"),
    [("PLAIN", SASLPlaintext), ("SCRAM-SHA-256", SASLScram256), ("SCRAM-SHA-512", SASLScram512)],
)
def test_clients_and_broker_get_the_same(mechanism: str, kind: type[Any]) -> None:
    kafka = settings(**{**SASL, "sasl_mechanism": mechanism, "password": SecretStr(PASSWORD)})
    options, security = kafka.client_options(), kafka.broker_security()
    assert type(security) is kind
    assert (options["sasl_mechanism"], options["sasl_plain_password"]) == (mechanism, PASSWORD)
    assert (security.username, security.password, security.use_ssl) == ("u", PASSWORD, True)
    for context in (options["ssl_context"], security.ssl_context):
        assert context.check_hostname, "a certificate of another name is no proof"
    assert PASSWORD not in repr(kafka)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_ca_file_that_holds_none_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=r"ca\.pem holds no certificates"):
        settings(security_protocol="SSL", ca_file=path).client_options()


@pytest.mark.parametrize("rate", ["-1", "nan", "inf", "many"])
def test_a_rate_of_a_stream_that_is_none_is_refused_by_its_name(rate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSO_KAFKA_STREAM_PER_SECOND", rate)
    with pytest.raises(ValidationError, match="stream_per_second"):
        settings()


def test_giving_way_to_a_stream_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSO_KAFKA_STREAM_PER_SECOND", "0")
    assert settings().stream_per_second == 0
