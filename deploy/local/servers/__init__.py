"""The servers DOSO runs on when there are no containers: PostgreSQL, Apache Kafka, and a broker in memory."""

from deploy.local.servers.apache_kafka import ApacheKafka, unavailable_reason
from deploy.local.servers.memory_broker import KEPT_BYTES, MemoryBroker
from deploy.local.servers.postgres import PostgresServer
from deploy.local.servers.process import ServerError

__all__ = ["KEPT_BYTES", "ApacheKafka", "MemoryBroker", "PostgresServer", "ServerError", "unavailable_reason"]
