"""Flags: nothing that is meant for developing is on."""

from doso.doctor.deployment import Deployment
from doso.doctor.findings import Finding, ok, unsafe, warn

NAME = "flags"
_OFF = {"", "0", "false", "no", "off"}
_DEVELOPING = (
    "PYTHONASYNCIODEBUG",
    "PYTHONDEVMODE",
    "PYTHONINSPECT",
    "UVICORN_RELOAD",
    "FASTAPI_DEBUG",
    "DEBUG",
    "DOSO_DEBUG",
)


async def check(deployment: Deployment) -> list[Finding]:
    """Examine log level, debug switches, and allowances for everybody."""
    found = []
    environment = deployment.environment
    if environment.get("DOSO_LOG_LEVEL", "").upper() == "DEBUG":
        found.append(warn(NAME, "DOSO_LOG_LEVEL=DEBUG writes a line a batch, with ids", "set INFO"))
    found += [
        unsafe(NAME, f"{name} is set: it is for developing", f"unset {name}")
        for name in _DEVELOPING
        if environment.get(name, "").lower() not in _OFF
    ]
    if environment.get("PYTHONOPTIMIZE", "").lower() not in _OFF:
        found.append(unsafe(NAME, "PYTHONOPTIMIZE leaves out assertions that the services rely on", "unset it"))
    for name, value in environment.items():
        if name.startswith("DOSO_") and "ORIGIN" in name and "*" in value:
            found.append(unsafe(NAME, f"{name} lets every website in", "name the origins, exactly"))
    if environment.get("FORWARDED_ALLOW_IPS", "").strip() == "*":
        text = "FORWARDED_ALLOW_IPS=* lets any client choose the address that limits and the audit trail see"
        found.append(warn(NAME, text, "name the proxies' addresses, unless nothing but the proxy can connect"))
    if environment.get("DOSO_GATEWAY_SECOND_FACTOR_FOR") == "nobody":
        text = "DOSO_GATEWAY_SECOND_FACTOR_FOR=nobody lets a stolen password of an admin into everything"
        found.append(warn(NAME, text, "set admins, or everyone"))
    return found or [ok(NAME, "no debug switch is on")]
