"""A connection that breaks under a write, on the event loop that production runs on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from deploy.local.servers import MemoryBroker
from shared.messaging.connections import Connection


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    with MemoryBroker() as broker:
        yield broker.bootstrap_servers


def on_uvloop(servers: str, test: Callable[[AIOKafkaClient, Connection], Awaitable[None]]) -> None:
    async def run() -> None:
        client = AIOKafkaClient(bootstrap_servers=servers)
        await client.bootstrap()
        try:
            async with asyncio.timeout(30):
                await client.force_metadata_update()
                [connection] = client._conns.values()
                await test(client, connection)
        finally:
            await client.close()

    uvloop.run(run())


async def break_unnoticed(connection: Connection) -> None:
    """End a connection as its peer would, before its reader is told of it."""
    connection._read_task.cancel()
    connection._reader = asyncio.StreamReader()
    connection._writer.transport.abort()
    await asyncio.sleep(0)
    assert connection.connected()


def test_a_write_to_a_broken_connection_is_an_error_of_the_connection(servers: str) -> None:
    async def write(_client: AIOKafkaClient, connection: Connection) -> None:
        await break_unnoticed(connection)
        with pytest.raises(KafkaConnectionError, match="broken"):
            connection.send(MetadataRequest([]))
        assert not connection.connected()

    on_uvloop(servers, write)


def test_metadata_are_updated_after_a_connection_broke_under_their_request(servers: str) -> None:
    async def update(client: AIOKafkaClient, connection: Connection) -> None:
        await break_unnoticed(connection)
        await client.force_metadata_update()
        assert await client.force_metadata_update(), "a new connection"
        assert not client._sync_task.done()

    on_uvloop(servers, update)


def test_every_client_connects_so(servers: str) -> None:
    async def look() -> None:
        async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
            await producer.client.force_metadata_update()
            assert {type(connection) for connection in producer.client._conns.values()} == {Connection}

    uvloop.run(look())


def test_an_error_of_ours_stays_what_it_is(servers: str) -> None:
    async def write(_client: AIOKafkaClient, connection: Connection) -> None:
        class Wrong(MetadataRequest):
            def prepare(self, _versions):
                message = "not the connection's fault"
                raise RuntimeError(message)

        with pytest.raises(RuntimeError, match="not the connection's fault"):
            connection.send(Wrong([]))
        assert connection.connected()

    on_uvloop(servers, write)
