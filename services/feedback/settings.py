"""Settings of feedback."""

from pydantic import Field
from pydantic_settings import BaseSettings

from shared.messaging import KafkaSettings
from shared.observability import TelemetrySettings
from shared.postgres import PostgresSettings


class Settings(BaseSettings):
    """What feedback reads from the environment."""

    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
