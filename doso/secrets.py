"""``doso secrets``: every secret of a new deployment, as the lines of an .env file."""

import json
import secrets as randomness

import typer


def password_variable(service: str) -> str:
    """Name the variable in which the migration finds the password of a service's role."""
    return f"DOSO_{service.upper()}_POSTGRES_PASSWORD"


def secrets() -> None:
    """Make every secret that a new deployment needs, and print them as an .env file. Nothing is kept.

    Example: `(umask 077 && doso secrets > .env) && docker compose up --build --wait`.
    """
    from deploy.local.pipeline import SERVICES
    from services.gateway.security import Sealer, SigningKeys

    names = ["DOSO_POSTGRES_OWNER_PASSWORD", *map(password_variable, SERVICES), "DOSO_QDRANT_API_KEY"]
    lines = {name: randomness.token_hex(32) for name in names}
    # Between single quotes, or the double quotes inside would be taken for the file's own.
    lines["DOSO_GATEWAY_SIGNING_KEY"] = f"'{json.dumps(SigningKeys.new_key())}'"
    lines["DOSO_GATEWAY_ENCRYPTION_KEY"] = Sealer.new_key()
    for name, value in lines.items():
        typer.echo(f"{name}={value}")
