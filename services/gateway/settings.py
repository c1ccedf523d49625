"""Settings of the gateway."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.messaging import KafkaSettings
from shared.observability import TelemetrySettings
from shared.postgres import PostgresSettings


class Settings(BaseSettings):
    """What the gateway reads from the environment."""

    model_config = SettingsConfigDict(env_prefix="DOSO_GATEWAY_", extra="ignore")

    signing_key: SecretStr = Field(
        description="private Ed25519 key as JWK JSON, or a JWK set: the first signs access tokens, all verify them"
    )
    encryption_key: SecretStr = Field(
        description="32 bytes in base64, several with commas between, newest first; seals second factors at rest"
    )
    require_admin_mfa: bool = Field(
        default=True, description="admins reach nothing before they enrol a second factor"
    )
    breached_passwords: Path | None = Field(
        default=None, description="file of SHA-1 hashes ordered by hash, a line HASH:COUNT each; refused as passwords"
    )
    max_import_bytes: int = 512 * 1024 * 1024
    max_body_bytes: int = 8 * 1024 * 1024
    max_events: int = 1000
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
