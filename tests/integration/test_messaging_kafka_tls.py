"""Kafka behind TLS and a password, on a real one: topics, the relay's way out and the consumer's way in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord  # the library reads annotations
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from doso.doctor import topics as doctor_topics
from doso.doctor.deployment import Deployment
from doso.doctor.findings import Status
from shared.messaging import KafkaSettings, ensure_topics, make_broker
from shared.messaging.publisher import Publisher
from tests.conftest import CACHE
from tests.integration.secured_kafka import MECHANISMS, PASSWORD, USER, SecuredKafka, write_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOPIC = "dms-event-received"
pytestmark = pytest.mark.apache


@pytest.fixture(scope="module")
def secured(broker_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    if broker_kind != "apache":
        pytest.skip("the in-memory broker speaks no TLS")
    with SecuredKafka(tmp_path_factory.mktemp("secured"), CACHE) as kafka:
        kafka.add_users()
        yield kafka


def settings(secured: SecuredKafka, **changes: Any) -> KafkaSettings:
    given = {
        "bootstrap_servers": secured.secure_servers, "security_protocol": "SASL_SSL", "ca_file": secured.ca_file,
        "sasl_mechanism": "SCRAM-SHA-512", "username": USER, "password": SecretStr(PASSWORD),
    }  # fmt: skip
    return KafkaSettings(**{**given, **changes})


@pytest.mark.parametrize("mechanism", ["PLAIN", *MECHANISMS])
async def test_an_event_goes_out_and_comes_in(secured: SecuredKafka, mechanism: str) -> None:
    kafka = settings(secured, sasl_mechanism=mechanism)
    await ensure_topics(kafka)
    broker, came = make_broker("gateway", kafka), asyncio.Queue[bytes]()

    @broker.subscriber(TOPIC, group_id=uuid4().hex, auto_offset_reset="earliest", batch=True)
    async def take(records: tuple[ConsumerRecord[bytes, bytes], ...]) -> None:
        for record in records:
            came.put_nowait(record.value)

    value = uuid4().hex.encode()
    row = {
        "topic": TOPIC,
        "key": "k",
        "payload": value,
        "headers": "{}",
        "trace": None,
        "id": uuid4(),
        "created_at": None,
    }
    async with broker:
        await broker.start()
        publisher = Publisher("gateway", kafka)
        await publisher.start()
        try:
            await publisher.send([row])
        finally:
            await publisher.stop()
        async with asyncio.timeout(60):
            while await came.get() != value:
                pass


@pytest.mark.parametrize(
    "wrong", [{"password": SecretStr("another")}, {"username": "nobody"}, {"ca_file": "another"}],
    ids=["password", "user", "ca"],
)  # fmt: skip
async def test_nobody_gets_in_by_another_password_and_nobody_trusts_another_ca(
    secured: SecuredKafka, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    if "ca_file" in wrong:
        wrong = {"ca_file": tmp_path / "ca.pem"}
        write_certificates(wrong["ca_file"], tmp_path / "key.pem")
    with pytest.raises((KafkaError, OSError)):
        await ensure_topics(settings(secured, **wrong))


async def test_the_doctor_looks_at_it_as_the_services_would(secured: SecuredKafka) -> None:
    await ensure_topics(settings(secured))
    environment = {
        "DOSO_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "DOSO_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
        "DOSO_KAFKA_USERNAME": USER, "DOSO_KAFKA_PASSWORD": PASSWORD, "DOSO_KAFKA_CA_FILE": str(secured.ca_file),
    }  # fmt: skip
    deployment = Deployment(environment=environment, kafka=secured.secure_servers)
    assert [each.status for each in await doctor_topics.check(deployment)] == [Status.OK]
