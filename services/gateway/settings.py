"""Settings of the gateway."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.gateway.limits.settings import LimitSettings
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
        description="32 bytes in base64, several with commas between, newest first; seals secrets at rest"
    )
    second_factor_for: Literal["nobody", "admins", "everyone"] = Field(
        default="admins", description="who reaches nothing before they enrol a second factor"
    )
    breached_passwords: Path | None = Field(
        default=None, description="file of SHA-1 hashes ordered by hash, a line HASH:COUNT each; refused as passwords"
    )
    max_import_bytes: int = 512 * 1024 * 1024
    max_body_bytes: int = 8 * 1024 * 1024
    max_events: int = 1000
    streams_per_user: int = 10
    streams_per_tenant: int = 200
    streams_per_process: int = 1000
    stream_queue: int = Field(default=256, description="messages that may wait for one client before it is cut")
    stream_send_seconds: float = Field(default=10.0, description="how long one message may take to be taken")
    stream_heartbeat_seconds: float = 15.0
    stream_recheck_seconds: float = Field(default=5.0, description="how often a stream's credentials are checked")
    live_kept_hours: float = 24.0
    live_kept_rows: int = Field(default=50_000, description="per tenant; a row is one rooftop's part of a batch")
    report_pdf_rows: int = 2_000
    report_xlsx_rows: int = Field(default=100_000, description="about 15 s on one core; CSV has no end")
    limits: LimitSettings = Field(default_factory=LimitSettings)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
