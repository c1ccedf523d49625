"""The command that a service's image runs, for one that runs as a process of its own without an image."""

import sys


def service_command(service: str, port: int) -> tuple[str, ...]:
    """Give the arguments that serve ``service`` on a port of this machine, with the settings of its container."""
    # The gateway, which strangers reach, bounds the heads of requests too.
    protocol = "services.gateway.limits.protocol:BoundedHttpProtocol" if service == "gateway" else "auto"
    return (
        sys.executable, "-m", "uvicorn", f"services.{service}.app:create_app", "--factory",
        "--host", "127.0.0.1", "--port", str(port), "--http", protocol, "--no-proxy-headers",
        "--no-access-log", "--no-server-header", "--ws-max-size", "16384", "--ws-per-message-deflate", "false",
        "--timeout-keep-alive", "30", "--timeout-graceful-shutdown", "10",
    )  # fmt: skip
