"""Apache Kafka on this machine without a container: one KRaft node on the installed Java."""

from deploy.local.servers.apache_kafka.distribution import KAFKA_VERSION, fetch, unavailable_reason
from deploy.local.servers.apache_kafka.server import ApacheKafka

__all__ = ["KAFKA_VERSION", "ApacheKafka", "fetch", "unavailable_reason"]
