"""What ``doso demo`` prints at the end."""

from typing import TYPE_CHECKING, Any

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.stack import RunningStack
from doso.console import out

if TYPE_CHECKING:
    from doso.demo import Result

_BEST = 10


def print_report(result: "Result", stack: RunningStack, *, kept: bool) -> None:
    """Print data quality, stock figures, the best advice, stages, and where to look next."""
    label = " — generated sample data, no real dealer" if result.generated else ""
    out.rule(f"[bold]{result.title}[/]{label}")
    _imports(result.imports)
    _stock(result.summary)
    _advice(result.recommendations)
    _stages(result)
    _next(stack, kept=kept)


def _imports(imports: list[dict[str, Any]]) -> None:
    table = Table(title="Data quality", title_justify="left")
    for name in ("rooftop", "file", "kind"):
        table.add_column(name)
    for name in ("rows", "accepted", "rejected"):
        table.add_column(name, justify="right")
    table.add_column("what was found", ratio=1)
    for status in imports:
        found = [f"line {e['line']} {e['reason']}" for e in status["errors"][:2]]
        found += [f"{w['count']} × {w['kind']}" for w in status["warnings"][:2]]
        table.add_row(
            status["dealer"], status["filename"], status["kind"], str(status["rows"]), str(status["accepted"]),
            str(status["rejected"]), "\n".join(found) or "clean",
        )  # fmt: skip
    out.print(table)


def _stock(summary: list[dict[str, Any]]) -> None:
    table = Table(title="Stock by rooftop", title_justify="left")
    table.add_column("rooftop")
    for name in (
        "",
        "units",
        "at cost",
        "0-30",
        "31-60",
        "61-90",
        "91+",
        "avg age",
        "sold 45 d",
        "days' supply",
        "turn",
        "holding/day",
    ):
        table.add_column(name, justify="right")
    for rooftop in summary:
        for part in ("all", "used", "new"):
            figures = rooftop[part]
            if part != "all" and not figures["units"]:
                continue
            buckets = [str(bucket["group_units"]) for bucket in figures["buckets"]]
            supply = "no sales" if figures["days_supply"] is None else f"{figures['days_supply']:.0f}"
            table.add_row(
                rooftop["dealer"] if part == "all" else "", part, str(figures["units"]),
                _dollars(figures["value_at_cost"]), *buckets, _number(figures["average_age_days"]),
                str(figures["retail_sales"]), supply, _number(figures["turn"]),
                _dollars(figures["holding"]["per_day"]), style="bold" if part == "all" else "",
            )  # fmt: skip
        table.add_section()
    out.print(table)


def _advice(advice: list[dict[str, Any]]) -> None:
    out.print(f"\n[bold]The {min(_BEST, len(advice))} best of {len(advice)} pieces of advice[/]", highlight=False)
    for rank, item in enumerate(advice[:_BEST], 1):
        head = Text.assemble(
            (f"{rank}. {item['action'].upper()} ", "bold"),
            (f"{item['label']}", "bold"),
            f"  ·  {item['dealer_name']}",
            f"  ·  {_dollars(item['value'])}",
            f"  ·  {_dollars(item['value_per_day'])} a day",
            f"  ·  {float(item['confidence']):.0%} sure it beats doing nothing",
        )
        out.print(Panel(item["reason"], title=head, title_align="left", padding=(0, 1)), highlight=False)


def _stages(result: "Result") -> None:
    table = Table(title="Events and time per stage", title_justify="left")
    for name in ("topic", "read by"):
        table.add_column(name)
    for name in ("events", "dead letters", "seconds"):
        table.add_column(name, justify="right")
    for stage in result.stages:
        if stage["events"]:
            table.add_row(
                stage["topic"],
                stage["consumer"],
                str(stage["events"]),
                str(stage["parked"]),
                f"{stage['seconds']:.1f}",
            )
    out.print(table)
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.seconds.items())
    memory = ", ".join(f"{name} {size:.0f} MB" for name, size in result.memory_megabytes.items())
    out.print(f"Time: {spent}\nMemory (PSS): {memory}", highlight=False)


def _next(stack: RunningStack, *, kept: bool) -> None:
    where = (
        f"The API is up at {stack.url}/docs; sign in with {stack.credentials}."
        if kept
        else ("Look around with [bold]make demo DEMO_ARGS=--keep[/], or keep state with [bold].venv/bin/doso up[/].")
    )
    out.print(
        f"\n{where}\nYour own files: [bold]make demo DEMO_ARGS='--inventory FILE --sales FILE --market FILE"
        " --dealer NAME'[/]",
        soft_wrap=True,
        highlight=False,
    )


def _dollars(amount: Any) -> str:
    return f"${float(amount):,.0f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
