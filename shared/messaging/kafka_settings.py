"""Where Kafka is, how it is read, and how one proves there who one is."""

import ssl
from pathlib import Path
from typing import Any, Literal, Self

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.messaging.batch_budget import BatchBudget

_SASL = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}

STREAM_PER_SECOND = 300.0
_GATHERED_BATCHES = 2


class KafkaSettings(BaseSettings):
    """What every client of Kafka is made with; the same for all services but the user."""

    model_config = SettingsConfigDict(env_prefix="DOSO_KAFKA_", extra="ignore", hide_input_in_errors=True)

    bootstrap_servers: str = Field(description="host:port, comma separated")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ca_file: Path | None = Field(
        default=None, description="PEM certificates that sign the brokers' own; else those the system trusts"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: SecretStr | None = None
    fetch_max_wait_ms: int = 250
    """How long the broker may hold a fetch that has nothing; a broker that does not wake needs it short."""
    kept_bytes: int | None = None
    """What a partition keeps at least, for a broker that forgets early; relays then wait for readers."""
    share_decoded: bool = False
    """Whether services in one process read each event's bytes once, together; events are immutable."""
    batch_records: int = 1_500
    """The most that one transaction takes in, twice as many of who gathers. Only who is behind finds as many:
    what an event costs falls with the events taken in beside it, up to about here."""
    batch_wait_ms: int = 20
    session_timeout_ms: int = 45_000
    metadata_max_age_ms: int = 30_000
    """How soon partitions that were added are seen; until then what lies in them waits."""
    attempts: int = Field(default=5, ge=1, le=10)
    """Tries of a batch that failed for a passing reason, before it is handed back to the broker; and of an event that
    takes too long alone, before it is parked. The pause between them doubles each time."""

    stream_per_second: float = Field(default=STREAM_PER_SECOND, ge=0, allow_inf_nan=False)
    """Events a second, of all tenants together, from which on a service's computing gives way to taking them in: a
    thousand rooftops on a busy day, or somebody's whole file. 0: it never does."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse half a configuration: it would connect otherwise than somebody thought."""
        credentials = {"SASL_MECHANISM": self.sasl_mechanism, "USERNAME": self.username, "PASSWORD": self.password}
        if self.sasl:
            missing = [f"DOSO_KAFKA_{name}" for name, value in credentials.items() if not value]
            if missing:
                message = f"{self.security_protocol} needs {', '.join(missing)} as well"
                raise ValueError(message)
        elif given := [f"DOSO_KAFKA_{name}" for name, value in credentials.items() if value]:
            message = (
                f"{', '.join(given)} would not be used: set DOSO_KAFKA_SECURITY_PROTOCOL=SASL_SSL, or take them away"
            )
            raise ValueError(message)
        if self.ca_file is not None and not self.encrypted:
            wanted = "set DOSO_KAFKA_SECURITY_PROTOCOL=SASL_SSL, or take it away"
            message = f"DOSO_KAFKA_CA_FILE would not be used: {wanted}"
            raise ValueError(message)
        return self

    @property
    def servers(self) -> list[str]:
        """The brokers to begin with, each ``host:port``."""
        return [server.strip() for server in self.bootstrap_servers.split(",") if server.strip()]

    @property
    def encrypted(self) -> bool:
        """Whether what is said is encrypted, and the broker's name and certificate are checked."""
        return self.security_protocol.endswith("SSL")

    @property
    def sasl(self) -> bool:
        """Whether one signs in by name and password."""
        return self.security_protocol.startswith("SASL")

    def batch_budget(self, statement_seconds: float, *, topics: int, gathers: bool) -> BatchBudget:
        """Give how long a batch may take where the database ends a statement after ``statement_seconds``."""
        records = self.batch_records * (_GATHERED_BATCHES if gathers else 1)
        return BatchBudget(
            records=records, topics=topics, attempts=self.attempts, statement_seconds=statement_seconds
        )

    def ssl_context(self) -> ssl.SSLContext | None:
        """Make what checks the brokers; raises ``ValueError`` where the CA's file cannot be read."""
        if not self.encrypted:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            message = f"DOSO_KAFKA_CA_FILE={self.ca_file} holds no certificates that can be read: {error}"
            raise ValueError(message) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def client_options(self) -> dict[str, Any]:
        """Give what a client of aiokafka needs to connect: addresses, encryption, credentials."""
        options: dict[str, Any] = {"bootstrap_servers": self.servers, "security_protocol": self.security_protocol}
        if self.encrypted:
            options["ssl_context"] = self.ssl_context()
        if self.sasl and self.password is not None:
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        return options

    def broker_security(self) -> BaseSecurity | None:
        """Give the same for the broker that consumes; None where nothing is encrypted or proven."""
        if self.sasl_mechanism is not None and self.username is not None and self.password is not None:
            kind, password = _SASL[self.sasl_mechanism], self.password.get_secret_value()
            return kind(self.username, password, ssl_context=self.ssl_context(), use_ssl=self.encrypted)
        return BaseSecurity(ssl_context=self.ssl_context(), use_ssl=True) if self.encrypted else None
