"""Settings of the gateway."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.gateway.limits.settings import LimitSettings
from shared.messaging import KafkaSettings
from shared.observability import TelemetrySettings
from shared.postgres import PostgresSettings


class Settings(BaseSettings):
    """What the gateway reads from the environment."""

    model_config = SettingsConfigDict(env_prefix="DOSO_GATEWAY_", extra="ignore")

    signing_key: SecretStr = Field(description="private Ed25519 key as JWK JSON; signs access tokens")
    max_import_bytes: int = 512 * 1024 * 1024
    max_body_bytes: int = 8 * 1024 * 1024
    max_events: int = 1000
    limits: LimitSettings = Field(default_factory=LimitSettings)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
