"""The life of an embedded Apache Kafka node: fetched, formatted once, started, stopped."""

from __future__ import annotations

import base64
import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.servers.apache_kafka.configuration import (
    HOST,
    free_ports,
    logging_properties,
    node_properties,
)
from deploy.local.servers.apache_kafka.distribution import (
    KAFKA_VERSION,
    fetch,
    java_executable,
    library_directory,
)
from deploy.local.servers.ownership import Ownership, stop_left_over
from deploy.local.servers.process import Command, ServerError, ServerProcess

FORMAT_SECONDS = 60.0
PROBE_SECONDS = 0.5
START_ATTEMPTS = 3
STOP_STEPS = ((signal.SIGTERM, 8.0),)
SILENT = 0


class ApacheKafka:
    """A single Apache Kafka node over `<data_dir>/kafka`; a context manager.

    Its log is `<data_dir>/logs/kafka.log`. Everything here blocks; from asyncio call it through
    `asyncio.to_thread`. Topics have to be created: none appears by itself. An instance keeps its ports over
    stop and start while they stay free, so that clients find it again.
    """

    def __init__(
        self,
        data_dir: Path,
        cache_dir: Path,
        *,
        heap: str = "384m",
        start_timeout: float = 90.0,
        on_progress: Callable[[str], None] | None = None,
    ) -> None:
        """Prepare a node; nothing is touched until `start`.

        `heap` is Java's -Xmx, `start_timeout` the seconds it may take to answer; `on_progress` is told
        "fetching …", "formatting …" and "starting …", in the thread that calls `start`.
        """
        root = data_dir.resolve()
        self._home = root / "kafka"
        self._log = root / "logs" / "kafka.log"
        self._cache_dir = cache_dir
        self._heap = heap
        self._start_timeout = start_timeout
        self._on_progress = on_progress
        self._ownership = Ownership(root / "kafka.lock")
        self._ports: tuple[int, ...] = ()
        self._process: ServerProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Its address, `host:port`; raises ServerError before the first start."""
        if not self._ports:
            message = "Apache Kafka has no address yet; call start() first"
            raise ServerError(message)
        return f"{HOST}:{self._ports[0]}"

    @property
    def pid(self) -> int | None:
        """The process id of its Java machine; None when it was not started."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        """Whether the node is alive."""
        return self._process is not None and self._process.exit_code is None

    def start(self) -> None:
        """Start the node, after ending one left by an owner that died; while it runs, do nothing.

        Raises ServerError with the reason if it cannot: no Java, a failed fetch, data in use, a failed start.
        """
        if self.running:
            return
        self.stop()  # What is left of a run that ended by itself.
        self._ownership.acquire()
        try:
            java = java_executable()
            if not library_directory(self._cache_dir).is_dir():
                self._report(f"fetching Apache Kafka {KAFKA_VERSION}")
            libraries = fetch(self._cache_dir)
            self._home.mkdir(exist_ok=True)
            stop_left_over("java", self._home, *STOP_STEPS[0])
            for attempt in range(1, START_ATTEMPTS + 1):
                self._configure()
                self._format(java, libraries)
                self._report(f"starting Apache Kafka {KAFKA_VERSION}")
                node = self._node(java, libraries)
                self._process = ServerProcess(node, log=self._log, death_signal=signal.SIGTERM)
                try:
                    self._process.wait_until(self._ready, "Apache Kafka", self._start_timeout)
                except ServerError as error:
                    # Somebody may take a port between our look and Java's.
                    if attempt == START_ATTEMPTS or "BindException" not in str(error):
                        raise
                    self._ports = ()
                else:
                    return
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the node: an orderly shutdown, or after 8 s a forced one; may be called again."""
        if self._process is not None:
            self._process.stop(STOP_STEPS)
            self._process = None
        self._ownership.release()

    def __enter__(self) -> Self:
        """Start the node."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the node."""
        self.stop()

    def _configure(self) -> None:
        self._ports = free_ports(self._ports)
        broker_port, controller_port = self._ports
        properties = node_properties(
            data=self._home / "data", broker_port=broker_port, controller_port=controller_port
        )
        (self._home / "server.properties").write_text(properties, encoding="utf-8")
        (self._home / "log4j2.properties").write_text(logging_properties(), encoding="utf-8")

    def _format(self, java: str, libraries: Path) -> None:
        if (self._home / "data" / "meta.properties").exists():
            return
        self._report("formatting Kafka's storage")
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
        options = ("format", f"--cluster-id={cluster}", "--config", "server.properties")
        tool = self._java(java, libraries, "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", *options)
        tool.run(FORMAT_SECONDS)

    def _node(self, java: str, libraries: Path) -> Command:
        memory = (f"-Xmx{self._heap}", "-Xms64m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError")
        # The second compiler would take as much of two cores as the broker itself in its first minutes, and memory.
        return self._java(java, libraries, *memory, "-XX:TieredStopAtLevel=1", "kafka.Kafka", "server.properties")

    def _java(self, java: str, libraries: Path, *arguments: str) -> Command:
        # Options that the environment injects are meant for other programs.
        unwanted = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
        environment = {name: value for name, value in os.environ.items() if name not in unwanted}
        common = ("-Djava.awt.headless=true", "-Dlog4j2.configurationFile=log4j2.properties")
        return Command((java, "-cp", f"{libraries}/*", *common, *arguments), self._home, environment)

    def _ready(self) -> bool:
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": SILENT})
        try:
            return bool(admin.list_topics(timeout=PROBE_SECONDS).brokers)
        except KafkaException:
            return False

    def _report(self, step: str) -> None:
        if self._on_progress is not None:
            self._on_progress(step)
