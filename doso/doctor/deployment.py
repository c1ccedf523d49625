"""What is examined: a deployment as its environment describes it, or what `doso up` keeps in a folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from shared.messaging.kafka_settings import KafkaSettings

_PASSWORD = "POSTGRES_PASSWORD"  # noqa: S105  # how the variables end
_LOCAL_NAMES = {"localhost", "localhost.localdomain", ""}


@dataclass(frozen=True, slots=True)
class Deployment:
    """Addresses and secrets, as the services would read them; None where nothing is named."""

    environment: Mapping[str, str] = field(repr=False)
    postgres_dsn: str | None = field(default=None, repr=False)
    role_passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By the variable that names each."""
    kafka: str | None = None
    kafka_in_memory: bool = False
    qdrant_url: str | None = None
    qdrant_api_key: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    signing_key: str | None = field(default=None, repr=False)
    gateway_url: str | None = None
    data_dir: Path | None = None

    @property
    def gateway_password(self) -> str | None:
        """The password of the gateway's role: of its own environment, or of the migration's."""
        found = [self.role_passwords.get(f"DOSO_{which}{_PASSWORD}") for which in ("GATEWAY_", "")]
        return found[0] or found[1]

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], *, dsn: str = "", gateway_url: str = "") -> "Deployment":
        """Read a deployment from the variables that its services read."""
        return cls(
            environment=environment,
            postgres_dsn=dsn or environment.get("DOSO_POSTGRES_DSN"),
            role_passwords={name: text for name, text in environment.items() if name.endswith(_PASSWORD) and text},
            kafka=environment.get("DOSO_KAFKA_BOOTSTRAP_SERVERS"),
            qdrant_url=environment.get("DOSO_QDRANT_URL"),
            qdrant_api_key=environment.get("DOSO_QDRANT_API_KEY"),
            redis_url=next((text for name, text in environment.items() if _names_redis(name)), None),
            signing_key=environment.get("DOSO_GATEWAY_SIGNING_KEY"),
            gateway_url=gateway_url or None,
        )

    @classmethod
    def of_data_dir(cls, data_dir: Path, environment: Mapping[str, str]) -> "Deployment":
        """Read what `doso up` runs from its folder; servers named in the environment take its own ones' place."""
        from deploy.local.servers import PostgresServer  # brings the embedded server along

        named = cls.of_environment(environment)
        key, credentials = data_dir / "signing-key.json", data_dir / "credentials.json"
        kafka = named.kafka or _embedded_kafka(data_dir)
        return cls(
            environment=environment,
            postgres_dsn=named.postgres_dsn or PostgresServer(data_dir).dsn(),
            role_passwords=named.role_passwords,
            kafka=kafka,
            kafka_in_memory=kafka is None,
            qdrant_url=named.qdrant_url,
            qdrant_api_key=named.qdrant_api_key,
            redis_url=named.redis_url,
            signing_key=key.read_text(encoding="utf-8") if key.exists() else None,
            gateway_url=json.loads(credentials.read_text(encoding="utf-8"))["url"] if credentials.exists() else None,
            data_dir=data_dir,
        )

    def kafka_settings(self) -> KafkaSettings:
        """Read how Kafka is reached, as the services would; raises ``ValidationError`` where they would not start."""
        prefix = "DOSO_KAFKA_"
        given = {
            name.removeprefix(prefix).lower(): value
            for name, value in self.environment.items()
            if name.startswith(prefix)
        }
        return KafkaSettings(**given | {"bootstrap_servers": self.kafka or ""})  # type: ignore[arg-type]  # it reads text


def hosts_of(address: str) -> list[str]:
    """Give the hosts of a URL, a DSN or a list of ``host:port``; a socket's folder is its path."""
    if "://" not in address:
        return [entry.strip().rsplit(":", 1)[0].strip("[]") for entry in address.split(",") if entry.strip()]
    parts = urlsplit(address)
    asked = parse_qs(parts.query).get("host", [])
    places = parts.netloc.rsplit("@", 1)[-1]
    return asked or [place.rsplit(":", 1)[0].strip("[]") for place in places.split(",")]


def is_local(host: str) -> bool:
    """Tell whether what is sent to a host stays on this machine."""
    if host in _LOCAL_NAMES or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _names_redis(name: str) -> bool:
    return name.startswith("DOSO_") and name.endswith("REDIS_URL")


def _embedded_kafka(data_dir: Path) -> str | None:
    properties = data_dir / "kafka" / "server.properties"
    if not properties.exists():
        return None
    lines = dict(line.split("=", 1) for line in properties.read_text(encoding="utf-8").splitlines() if "=" in line)
    return lines["advertised.listeners"].removeprefix("PLAINTEXT://")
