"""The topics: there, with their partitions, kept on more than one broker, and for long enough."""

from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from doso.doctor.deployment import Deployment, hosts_of, is_local
from doso.doctor.findings import Finding, ok, unsafe, warn
from shared.events import TOPICS
from shared.messaging.kafka_settings import KafkaSettings

NAME = "topics"
_DAY_MS = 86_400_000
_COPIES = 3


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """What a broker says of a topic."""

    partitions: int
    replication: int
    settings: dict[str, str] = field(default_factory=dict)


def expected() -> dict[str, int]:
    """Give every topic and dead-letter topic with the partitions it should have."""
    wanted = {topic.name: topic.partitions for topic in TOPICS.values()}
    return wanted | {topic.dead_letters(group): 1 for topic in TOPICS.values() for group in topic.consumers}


async def check(deployment: Deployment) -> list[Finding]:
    """Ask Kafka for its topics and judge them."""
    if deployment.kafka_in_memory:
        return [warn(NAME, "events pass through memory: there are no topics to examine", "for trying out only")]
    if not deployment.kafka:
        return [unsafe(NAME, "no Kafka is named", "set DOSO_KAFKA_BOOTSTRAP_SERVERS")]
    facts, brokers = await _facts(deployment.kafka_settings())
    local = all(is_local(host) for host in hosts_of(deployment.kafka))
    return judge(facts, brokers=brokers, local=local)


def judge(facts: dict[str, TopicFacts], *, brokers: int, local: bool) -> list[Finding]:
    """Judge topics as they are against the registry; ``local`` is a machine for trying out."""
    wanted = expected()
    migrate = "run `doso migrate` with DOSO_KAFKA_BOOTSTRAP_SERVERS"
    found = []
    if missing := sorted(set(wanted) - set(facts)):
        found.append(unsafe(NAME, f"missing: {', '.join(missing)}", migrate))
    here = {name: facts[name] for name in sorted(wanted) if name in facts}
    for name, topic in here.items():
        if topic.partitions < wanted[name]:
            text = f"{name} has {topic.partitions} partitions, not {wanted[name]}"
            found.append(unsafe(NAME, text, "add partitions while nothing is published: keys change their partition"))
        elif topic.partitions > wanted[name]:
            found.append(
                warn(NAME, f"{name} has {topic.partitions} partitions, not {wanted[name]}", "say so in the registry")
            )
        found += _kept(name, topic)
    if few := sorted(name for name, topic in here.items() if topic.replication < min(_COPIES, max(brokers, 1))):
        text = f"kept on fewer brokers than there are ({brokers}): {', '.join(few)}"
        found.append(unsafe(NAME, text, "reassign them with replication factor 3"))
    elif brokers < _COPIES and not local:
        text = f"there are {brokers} brokers: what was accepted may be lost with a disk"
        found.append(warn(NAME, text, "run three brokers, and topics with replication factor 3"))
    weak = sorted(
        name for name, topic in here.items()
        if topic.replication >= _COPIES and int(topic.settings.get("min.insync.replicas", 2)) < 2  # noqa: PLR2004
    )  # fmt: skip
    if weak:
        text = f"an event is accepted with one copy only (min.insync.replicas): {', '.join(weak)}"
        found.append(unsafe(NAME, text, "set min.insync.replicas=2"))
    return found or [ok(NAME, f"{len(here)} topics are as the registry has them, on {brokers} brokers")]


def _kept(name: str, topic: TopicFacts) -> list[Finding]:
    found = []
    retention = int(topic.settings.get("retention.ms", 7 * _DAY_MS))
    if 0 <= retention < _DAY_MS:
        text = f"{name} forgets after {retention / 3_600_000:.1f} hours: a service that is down longer loses events"
        found.append(unsafe(NAME, text, "set retention.ms to seven days"))
    elif 0 <= retention < 7 * _DAY_MS and ".dlq." in name:
        found.append(
            warn(NAME, f"{name} forgets after {retention / _DAY_MS:.1f} days", "set retention.ms to seven days")
        )
    if topic.settings.get("cleanup.policy", "delete") != "delete":
        text = f"{name} is compacted: of a rooftop's events only the last would be kept"
        found.append(unsafe(NAME, text, "set cleanup.policy=delete"))
    return found


async def _facts(kafka: KafkaSettings) -> tuple[dict[str, TopicFacts], int]:
    admin = AIOKafkaAdminClient(**kafka.client_options(), client_id="doso-doctor", request_timeout_ms=10_000)
    await admin.start()
    try:
        brokers = len((await admin.describe_cluster())["brokers"])
        described = {each["topic"]: each["partitions"] for each in await admin.describe_topics()}
        present = [name for name in expected() if name in described]
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in present])
        settings = {
            resource[3]: {entry[0]: entry[1] for entry in resource[4]}
            for answer in answers
            for resource in answer.resources
        }
    finally:
        await admin.close()
    return {
        name: TopicFacts(
            len(described[name]),
            min((len(partition["replicas"]) for partition in described[name]), default=0),
            settings.get(name, {}),
        )
        for name in present
    }, brokers


AWAY = (OSError, KafkaError, TimeoutError)
