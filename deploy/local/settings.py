"""How the system runs on one machine; names of real servers, where given, replace the embedded ones."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

BrokerChoice = Literal["memory", "apache"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class RealServers(BaseSettings):
    """Servers named in the environment; unset means embedded."""

    model_config = SettingsConfigDict(env_prefix="DOSO_", extra="ignore")

    kafka_bootstrap_servers: str | None = None
    postgres_dsn: str | None = None
    qdrant_url: str | None = None
    cache_dir: Path = Path.home() / ".cache" / "doso"


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Where state is kept and which broker is used; port 0 takes any free one."""

    data_dir: Path
    broker: BrokerChoice
    port: int = 0
    host: str = "127.0.0.1"
    tenant_name: str = "First dealer group"
    log_level: LogLevel = "WARNING"
    real: RealServers = field(default_factory=RealServers)
