"""The settings of the one Kafka node: small in memory, durable across restarts, strict about topics."""

from __future__ import annotations

import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
NODE_ID = 1
# Below the ports that systems give to outgoing connections: a client that tries a broker which is down could
# else be given the broker's own port, connect to itself and so keep the broker from coming back.
LISTENING_PORTS = range(20_000, 32_000)
PORT_ATTEMPTS = 200


def node_properties(*, data: Path, broker_port: int, controller_port: int) -> str:
    """`server.properties` of a node that is broker and controller at once, listening on this machine only.

    The quorum is static: its one voter's address is read from here at every start, where a dynamic quorum
    would keep the first start's port in the data. Sizes are in bytes, times in the unit the name says.
    """
    megabyte = 1024 * 1024
    settings: dict[str, str | int] = {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.voters": f"{NODE_ID}@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{broker_port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{broker_port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        # A node that was killed may register again only once its old session has run out; the default is 9 s.
        # Broker and controller share a process, so nothing but that process's death can come between them.
        "broker.session.timeout.ms": 3_000,
        "broker.heartbeat.interval.ms": 500,
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "message.max.bytes": megabyte,
        "log.retention.hours": 7 * 24,
        "log.segment.bytes": 64 * megabyte,
        "log.index.size.max.bytes": megabyte,
        # Held in the heap from the start; the default is 128 MB.
        "log.cleaner.dedupe.buffer.size": 8 * megabyte,
        "log.cleaner.io.buffer.size": megabyte // 4,
        "metadata.log.segment.bytes": 64 * megabyte,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
    }
    for topic, prefix in (
        ("offsets", "offsets.topic"),
        ("transactions", "transaction.state.log"),
        ("shares", "share.coordinator.state.topic"),
    ):
        settings[f"{prefix}.num.partitions"] = 5 if topic != "shares" else 1
        settings[f"{prefix}.replication.factor"] = 1
        settings[f"{prefix}.segment.bytes"] = 16 * megabyte
        if topic != "offsets":
            settings[f"{prefix}.min.isr"] = 1
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def logging_properties() -> str:
    """Log4j's configuration: warnings, and the node's coming and going, to standard output in UTC."""
    return (
        "status=error\n"
        "appender.out.type=Console\n"
        "appender.out.name=out\n"
        "appender.out.layout.type=PatternLayout\n"
        "appender.out.layout.pattern=%d{yyyy-MM-dd HH:mm:ss.SSS}{UTC} %-5p %c{1}: %m%n\n"
        "rootLogger.level=warn\n"
        "rootLogger.appenderRef.out.ref=out\n"
        "logger.server.name=kafka.server.KafkaRaftServer\n"
        "logger.server.level=info\n"
    )


def free_ports(preferred: tuple[int, ...], count: int = 2) -> tuple[int, ...]:
    """Find `count` ports nobody listens on: the preferred if all are free, else some of `LISTENING_PORTS`.

    Raises OSError if there are too few.
    """
    if len(preferred) == count and all(_is_free(port) for port in preferred):
        return preferred
    candidates = random.SystemRandom().sample(LISTENING_PORTS, PORT_ATTEMPTS)
    ports = []
    for port in candidates:
        if _is_free(port):
            ports.append(port)
        if len(ports) == count:
            return tuple(ports)
    message = f"no {count} free ports on {HOST} between {LISTENING_PORTS.start} and {LISTENING_PORTS.stop}"
    raise OSError(message)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Java does: the closed connections of an earlier run do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
