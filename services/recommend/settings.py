"""Settings of recommend."""

from pydantic import Field
from pydantic_settings import BaseSettings

from shared.messaging import KafkaSettings
from shared.observability import TelemetrySettings
from shared.postgres import PostgresSettings
from shared.vectors import VectorSettings


class Settings(BaseSettings):
    """What recommend reads from the environment."""

    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    vectors: VectorSettings = Field(default_factory=VectorSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
