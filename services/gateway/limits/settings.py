"""Every limit of the gateway, with its default; ``docs/limits.md`` has them as a table."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from limits import RateLimitItem, parse
from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = IPv4Network | IPv6Network


def _rate(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.strip().lower() in {"", "none"}:
        return None
    return parse(value)


def _listed(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _networks(value: Any) -> Any:
    return tuple(ip_network(part) if isinstance(part, str) else part for part in _listed(value))


Rate = Annotated[RateLimitItem | None, BeforeValidator(_rate)]
"""How many requests in how long, such as ``600/minute`` or ``30 per 10 second``; ``none`` means no limit."""
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
"""Written with commas in between."""


def rate(text: str) -> Any:
    """Give a default of a setting of type ``Rate``."""
    return Field(default_factory=lambda: _rate(text))


class LimitSettings(BaseSettings):
    """What one client may ask of the gateway, and how long anybody is waited for.

    Rates count requests, never events or rows. "Sender" is one API key or one person.
    """

    model_config = SettingsConfigDict(env_prefix="DOSO_GATEWAY_", extra="ignore", arbitrary_types_allowed=True)

    redis_url: SecretStr | None = Field(default=None, description="counts shared by replicas; else each has its own")
    redis_seconds: float = 0.25
    most_counters: int = Field(default=100_000, description="kept in memory at once; the least used go first")

    sign_in_per_address: Rate = rate("30/minute")
    events_per_address: Rate = rate("30000/minute")
    events_per_sender: Rate = rate("12000/minute")
    events_per_tenant: Rate = rate("60000/minute")
    imports_per_address: Rate = rate("600/hour")
    imports_per_sender: Rate = rate("300/hour")
    imports_per_tenant: Rate = rate("600/hour")
    writes_per_address: Rate = rate("3000/minute")
    writes_per_sender: Rate = rate("600/minute")
    writes_per_tenant: Rate = rate("3000/minute")
    reads_per_address: Rate = rate("12000/minute")
    reads_per_sender: Rate = rate("2400/minute")
    reads_per_tenant: Rate = rate("12000/minute")
    reports_per_address: Rate = rate("600/minute")
    reports_per_sender: Rate = rate("60/minute")
    reports_per_tenant: Rate = rate("300/minute")
    operations_per_address: Rate = rate("1200/minute")

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    allowed_hosts: Names = Field(default=(), description="names in the Host header; empty allows any")
    cors_origins: Names = Field(default=(), description="such as https://app.example.com; empty allows none")

    max_sign_in_bytes: int = 16 * 1024
    max_write_bytes: int = 1024 * 1024
    max_json_depth: int = 32
    max_json_values: int = 250_000
    max_number_digits: int = 64

    body_idle_seconds: float = Field(default=15.0, description="the longest pause within a body")
    body_grace_seconds: float = Field(default=20.0, description="how long a body may come too slowly")
    body_bytes_per_second: float = Field(default=8 * 1024, description="the slowest a body may come")
    upload_bytes_per_second: float = Field(default=64 * 1024, description="the slowest a file may come")
    handler_seconds: float = Field(default=30.0, description="from the last byte of a request to its answer")
    report_seconds: float = Field(default=120.0, description="the same for reports, which are made before they begin")
    store_seconds: float = Field(default=300.0, description="the same for imports, whose files are stored first")
    send_seconds: float = Field(default=60.0, description="the longest a client may take no part of its answer")

    max_uploads: int = Field(default=3, description="files taken in at once; each may fill max_import_bytes of /tmp")
    max_uploads_per_tenant: int = Field(default=2, description="how many of them may be one group's")
    max_delivery_bytes: int = Field(default=2 * 1024 * 1024, description="a webhook, whose sender is not known yet")
    delivery_seconds: float = Field(default=15.0, description="how long all of a webhook may take to come in")
    max_deliveries: int = Field(default=64, description="webhooks that are read at once; each may fill memory")
    max_deliveries_per_source: int = Field(default=8, description="how many of them may be of one source and address")
    max_deliveries_per_group: int = Field(default=16, description="how many may be of one group or of one address")
    max_import_rows: int = 2_000_000
    idempotency_hours: float = 24.0

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if "*" in origin or parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}":
                message = f"{origin!r} is no exact origin: write each as scheme://host[:port], without * or a path"
                raise ValueError(message)
        return origins
