"""Apache Kafka with a second door: encrypted, and for those alone who know a password."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local.servers import ApacheKafka
from deploy.local.servers.apache_kafka.configuration import HOST, free_ports

if TYPE_CHECKING:
    from pathlib import Path

USER, PASSWORD = "doso-gateway", "a password of the tests"
MECHANISMS = {"SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256, "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512}
_MODULES = "org.apache.kafka.common.security"


class SecuredKafka(ApacheKafka):
    """A node whose listener ``SECURE`` takes SASL over TLS; its plain one is for the node itself."""

    def __init__(self, data_dir: Path, cache_dir: Path) -> None:
        super().__init__(data_dir, cache_dir, heap="256m")
        self._folder = data_dir
        self.ca_file = data_dir / "ca.pem"
        self._keystore = data_dir / "broker.pem"
        self._secure_port = 0
        write_certificates(self.ca_file, self._keystore)

    @property
    def secure_servers(self) -> str:
        return f"{HOST}:{self._secure_port}"

    def _configure(self) -> None:
        super()._configure()
        (self._secure_port,) = free_ports((), 1)
        path = self._home / "server.properties"
        settings = dict(line.split("=", 1) for line in path.read_text().splitlines())
        for name in ("listeners", "advertised.listeners"):
            settings[name] += f",SECURE://{self.secure_servers}"
        settings["listener.security.protocol.map"] += ",SECURE:SASL_SSL"
        listener = "listener.name.secure"
        plain = f'{_MODULES}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
        settings |= {
            f"{listener}.ssl.keystore.type": "PEM",
            f"{listener}.ssl.keystore.location": str(self._keystore),
            f"{listener}.sasl.enabled.mechanisms": ",".join(("PLAIN", *MECHANISMS)),
            f"{listener}.plain.sasl.jaas.config": plain,
        }
        for mechanism in MECHANISMS:
            module = f"{_MODULES}.scram.ScramLoginModule required;"
            settings[f"{listener}.{mechanism.lower()}.sasl.jaas.config"] = module
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def add_users(self) -> None:
        """Enter the user for every mechanism that keeps its users in the cluster."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        for mechanism in MECHANISMS.values():  # one a request: the node takes no two of a user's together
            wanted = UserScramCredentialUpsertion(USER, ScramCredentialInfo(mechanism, 4096), PASSWORD.encode())
            for future in admin.alter_user_scram_credentials([wanted]).values():
                future.result(30)


def write_certificates(ca_file: Path, keystore: Path) -> None:
    """Write a CA, and a key with a certificate that it signs for this machine."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA of the tests")])
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    broker = _certificate(name, ca_name, key, ca_key, here)
    pem = serialization.Encoding.PEM
    ca_file.write_bytes(ca.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    keystore.write_bytes(private + broker.public_bytes(pem))


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(signer, hashes.SHA256())
    )
