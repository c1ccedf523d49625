"""``doso doctor``: whether a deployment is safe to run, from its settings and its servers."""

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from doso.console import err, fail, out

_COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "bold red"}


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="Examine a running `doso up` by its folder.")] = None,
    dsn: Annotated[str, typer.Option(help="The database as its owner; else DOSO_POSTGRES_DSN.")] = "",
    url: Annotated[str, typer.Option(help="The API's public address, such as https://doso.example.com.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="Only this check; may be repeated.")] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Examine a deployment: secrets, transport, roles, tenancy, migrations, sources, topics, clock, files, disk.

    Settings are read from the environment, as the services read them. Each finding is OK, WARN or FAIL, with what
    was found and what to do. Ends with 1 when anything is unsafe. Nothing is changed.

    Examples: `doso doctor --data-dir .doso`, `doso doctor --url https://doso.example.com`,
    `doso doctor --only tenancy --only roles --json`.
    """
    from doso.doctor.deployment import Deployment
    from doso.doctor.examination import CHECKS, examine
    from doso.doctor.findings import Status

    if unknown := sorted(set(only or ()) - set(CHECKS)):
        fail(f"no check {', '.join(unknown)}; there are: {', '.join(CHECKS)}")
    if data_dir is not None and not data_dir.is_dir():
        fail(f"no {data_dir}: start the system with `doso up`, or name its --data-dir")
    if data_dir is not None:
        deployment = Deployment.of_data_dir(data_dir.absolute(), os.environ)
    else:
        deployment = Deployment.of_environment(os.environ, dsn=dsn, gateway_url=url)
    found = asyncio.run(examine(deployment, only or CHECKS, lambda name: err.print(f"{name} …", style="dim")))
    if json_out:
        told = [{"check": f.check, "status": f.status, "found": f.found, "advice": f.advice} for f in found]
        print(json.dumps(told, indent=2))  # noqa: T201  # for another program
    else:
        for each in found:
            out.print(f"{each.status:4}", style=_COLOURS[each.status], end="")
            out.print(f" {each.check}: {each.found}", highlight=False, soft_wrap=True)
            if each.advice:
                out.print(f"     → {each.advice}", highlight=False, soft_wrap=True)
    if any(each.status is Status.FAIL for each in found):
        raise typer.Exit(1)
