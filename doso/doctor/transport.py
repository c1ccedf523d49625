"""Transport: what leaves this machine is encrypted, and the other end proves who it is."""

from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from doso.doctor.deployment import Deployment, hosts_of, is_local
from doso.doctor.findings import Finding, ok, unsafe, warn
from shared.messaging.kafka_settings import KafkaSettings

NAME = "transport"


async def check(deployment: Deployment) -> list[Finding]:
    """Examine the address of every server."""
    findings = _postgres(deployment)
    findings += _kafka(deployment)
    https = {
        "Qdrant (DOSO_QDRANT_URL)": (deployment.qdrant_url, "https"),
        "Redis": (deployment.redis_url, "rediss"),
        "the collector (OTEL_EXPORTER_OTLP_ENDPOINT)": (
            deployment.environment.get("OTEL_EXPORTER_OTLP_ENDPOINT"),
            "https",
        ),
        "embeddings (OPENAI_BASE_URL)": (deployment.environment.get("OPENAI_BASE_URL"), "https"),
        "the API (its public address)": (deployment.gateway_url, "https"),
    }
    for name, (url, scheme) in https.items():
        if not url:
            continue
        if all(is_local(host) for host in hosts_of(url)):
            findings.append(ok(NAME, f"{name} is on this machine"))
        elif urlsplit(url).scheme == scheme:
            findings.append(ok(NAME, f"{name} is reached over TLS"))
        else:
            findings.append(
                unsafe(NAME, f"{name} is reached over the network in clear", f"use a {scheme}:// address")
            )
    return findings


def _postgres(deployment: Deployment) -> list[Finding]:
    if not deployment.postgres_dsn:
        return []
    if all(is_local(host) for host in hosts_of(deployment.postgres_dsn)):
        return [ok(NAME, "PostgreSQL is on this machine")]
    mode = parse_qs(urlsplit(deployment.postgres_dsn).query).get("sslmode", ["prefer"])[-1]
    if mode == "verify-full":
        return [ok(NAME, "PostgreSQL is reached over TLS, its name and certificate verified")]
    if mode in {"require", "verify-ca"}:
        text = f"PostgreSQL is reached over TLS, but sslmode={mode} does not verify which server answers"
        return [warn(NAME, text, "add sslmode=verify-full and sslrootcert to DOSO_POSTGRES_DSN")]
    text = f"PostgreSQL is reached over the network with sslmode={mode}, which accepts an answer in clear"
    return [unsafe(NAME, text, "add ?sslmode=verify-full&sslrootcert=… to DOSO_POSTGRES_DSN")]


def _kafka(deployment: Deployment) -> list[Finding]:
    if not deployment.kafka:
        return []
    try:
        kafka = deployment.kafka_settings()
        kafka.ssl_context()
    except ValueError as error:  # a ValidationError is one; it names settings, and hides the password
        reasons = [each["msg"] for each in error.errors()] if isinstance(error, ValidationError) else [str(error)]
        return [unsafe(NAME, f"no service would start: {reason}", "see docs/operations.md") for reason in reasons]
    remote = [host for host in hosts_of(deployment.kafka) if not is_local(host)]
    return [_judged(kafka, ", ".join(remote))] if remote else [ok(NAME, "Kafka is on this machine")]


def _judged(kafka: KafkaSettings, where: str) -> Finding:
    wanted = "set DOSO_KAFKA_SECURITY_PROTOCOL=SASL_SSL"
    if kafka.sasl and not kafka.encrypted:
        return unsafe(NAME, f"the password for Kafka at {where} goes over the network in clear", wanted)
    if not kafka.encrypted:
        text = f"events go to Kafka at {where} in clear, and anybody who reaches it may send some"
        return warn(NAME, text, f"{wanted}, or keep Kafka in a network that encrypts (a service mesh with mTLS)")
    if not kafka.sasl:
        text = f"Kafka at {where} is reached over TLS, but does not ask who we are"
        return warn(NAME, text, f"{wanted}, with a user for each service")
    return ok(NAME, f"Kafka is reached over TLS, by user and password ({kafka.sasl_mechanism})")
