"""How a service logs and traces, from the environment."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """Telemetry settings: `DOSO_LOG_*` and `DOSO_TRACE_*`, and OpenTelemetry's own name for the collector.

    `log_format` auto is for people where the stream is a terminal and JSON elsewhere. Spans are exported
    only when a collector is named; they are made, and travel with the events, in any case.
    """

    model_config = SettingsConfigDict(env_prefix="DOSO_", extra="ignore", populate_by_name=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"
    log_stream: Literal["stderr", "stdout"] = "stderr"
    trace_sample_ratio: float = Field(default=1.0, ge=0, le=1)
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
