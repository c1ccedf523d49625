"""Creating the topics on a real broker; the broker never creates one by itself."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.events import TOPICS
from shared.messaging.broker import MAX_REQUEST_BYTES
from shared.messaging.kafka_settings import KafkaSettings

# What the broker took from a stranger it must take from us, with the reason added, or the relay is stuck.
_DEAD_LETTER_CONFIGS = {"max.message.bytes": str(MAX_REQUEST_BYTES)}


async def ensure_topics(settings: KafkaSettings, *, replication: int = 1) -> list[str]:
    """Create every topic and dead-letter topic that is missing; returns the names of those created.

    Raises ``KafkaError`` when the broker refuses for any reason but that a topic is there.
    """
    wanted = [NewTopic(topic.name, topic.partitions, replication) for topic in TOPICS.values()]
    wanted += [
        NewTopic(topic.dead_letters(group), 1, replication, topic_configs=_DEAD_LETTER_CONFIGS)
        for topic in TOPICS.values()
        for group in topic.consumers
    ]
    admin = AIOKafkaAdminClient(**settings.client_options(), client_id="doso-topics")
    await admin.start()
    try:
        answer = await admin.create_topics(wanted)
    finally:
        await admin.close()
    created = []
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code == 0:
            created.append(name)
        elif error is not TopicAlreadyExistsError:
            message = f"cannot create topic {name}: {error.__name__}"
            raise error(message)
    return created
