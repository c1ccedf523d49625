"""``doso up``: the whole system on this machine until Ctrl-C."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated, get_args

import typer

from deploy.local.settings import BrokerChoice, LocalSettings, LogLevel, RealServers
from doso.console import err, fail, out


def up(
    port: Annotated[int, typer.Option(help="Port of the API; 0 takes any free one.")] = 8000,
    data_dir: Annotated[Path, typer.Option(help="Where all state is kept.")] = Path(".doso"),
    broker: Annotated[str, typer.Option(help="auto, apache (Apache Kafka on Java 17) or memory.")] = "auto",
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Run the whole system until Ctrl-C, keeping its state.

    Prints one line `ready http://127.0.0.1:PORT` when the API answers. The first admin's credentials are in
    `<data-dir>/credentials.json`.

    Examples: `doso up`, `doso up --port 0 --data-dir /srv/doso`, `doso up --broker memory`.
    """
    import uvloop

    from deploy.local.servers import ServerError

    settings = LocalSettings(
        data_dir=data_dir.absolute(), broker=choose_broker(broker), port=port, log_level=_level(log_level)
    )
    try:
        uvloop.run(_until_stopped(settings))
    except (ServerError, OSError) as error:
        fail(str(error))


def choose_broker(wanted: str) -> BrokerChoice:
    """Decide on the broker: ``auto`` takes Apache Kafka where it can run, and says why where it cannot."""
    if wanted not in {"auto", "apache", "memory"}:
        fail(f"--broker is auto, apache or memory, not {wanted!r}")
    real = RealServers()
    if wanted == "memory" or real.kafka_bootstrap_servers:
        return "memory"
    from deploy.local.servers import unavailable_reason

    reason = unavailable_reason(real.cache_dir)
    if reason is None:
        return "apache"
    if wanted == "apache":
        fail(f"Apache Kafka cannot run here: {reason}")
    err.print(f"in-memory broker: {reason}", style="dim")
    return "memory"


def _level(text: str) -> LogLevel:
    for level in get_args(LogLevel):
        if level == text.upper():
            return level  # type: ignore[no-any-return]  # one of the literals
    fail(f"--log-level is one of {', '.join(get_args(LogLevel))}, not {text!r}")


async def _until_stopped(settings: LocalSettings) -> None:
    from deploy.local.stack import running_stack

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with running_stack(settings, lambda step: err.print(f"{step} …", style="dim")) as stack:
        for name, what in stack.servers.description.items():
            err.print(f"{name}: {what}", style="dim")
        err.print(f"credentials: {stack.credentials}", style="dim", soft_wrap=True)
        out.print(f"ready {stack.url}", highlight=False, soft_wrap=True)
        out.file.flush()
        await stopped.wait()
        err.print("stopping …", style="dim")
