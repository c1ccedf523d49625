"""What ``doso demo`` prints at the end."""

from typing import Any

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.stack import RunningStack
from doso.console import out
from doso.result import Result

_BEST = 10
_SHOWN = 3


def print_report(result: Result, stack: RunningStack, *, kept: bool) -> None:
    """Print data quality, stock figures, the best advice, stages, and where to look next."""
    label = " — generated sample data, no real dealer" if result.generated else ""
    out.rule(Text.assemble((result.title, "bold"), label))
    _imports(result.imports)
    _stock(result.summary)
    _advice(result.recommendations)
    _stages(result)
    _next(stack, kept=kept)


def _imports(imports: list[dict[str, Any]]) -> None:
    out.print("\nData quality", style="bold")
    for status in imports:
        out.print(
            Text.assemble(
                f"{status['dealer']}, {status['kind']} ({status['filename']}): {status['rows']} rows, ",
                (f"{status['accepted']} accepted", "green"),
                ", ",
                (f"{status['rejected']} rejected", "red"),
            ),
            soft_wrap=True,
        )
        for error in status["errors"][:_SHOWN]:
            out.print(Text.assemble("    ", (f"line {error['line']}", "red"), "  ", error["reason"]))
        if status["rejected"] > _SHOWN:
            out.print(f"    and {status['rejected'] - _SHOWN} more", style="red", highlight=False)
        for warning in status["warnings"][:_SHOWN]:
            out.print(Text.assemble("    ", (f"{warning['count']} ×", "yellow"), "  ", warning["kind"]))


def _stock(summary: list[dict[str, Any]]) -> None:
    told = " (days in the group; sales of 45 days; holding cost a day)"
    out.print(Text.assemble("\n", ("Stock by rooftop", "bold"), told))
    for rooftop in summary:
        table = Table(title=rooftop["dealer"], title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("", min_width=4, no_wrap=True)
        for name in (
            "units",
            "at cost",
            "0-30",
            "31-60",
            "61-90",
            "91+",
            "avg",
            "sold",
            "supply",
            "turn",
            "cost/day",
        ):
            table.add_column(name, justify="right", no_wrap=True)
        for part in ("used", "new", "all"):
            figures = rooftop[part]
            if figures["units"]:
                table.add_row(part, *_stock_row(figures), style="bold" if part == "all" else "")
        out.print(table)


def _stock_row(figures: dict[str, Any]) -> list[str]:
    supply = "no sales" if figures["days_supply"] is None else f"{figures['days_supply']:.0f} d"
    return [
        str(figures["units"]),
        _dollars(figures["value_at_cost"]),
        *(str(bucket["group_units"]) for bucket in figures["buckets"]),
        _number(figures["average_group_days"]),
        str(figures["retail_sales"]),
        supply,
        _number(figures["turn"]),
        _dollars(figures["holding"]["per_day"]),
    ]


def _advice(advice: list[dict[str, Any]]) -> None:
    best = f"\nThe {min(_BEST, len(advice))} best of {len(advice)} pieces of advice"
    out.print(best, style="bold", highlight=False)
    for rank, item in enumerate(advice[:_BEST], 1):
        head = f"{rank}. {item['action'].upper()} {item['label']}, {item['dealer_name']}"
        over = "the best it could do there" if item["action"] == "transfer" else "doing nothing"
        worth = (
            f"{_dollars(item['value'])} over {over}, {_dollars(item['value_per_day'])} a day,"
            f" better in {float(item['confidence']):.0%} of such cases"
        )
        panel = Panel(
            Text(item["reason"]),
            title=Text(head),
            title_align="left",
            subtitle=Text(worth),
            subtitle_align="right",
            padding=(0, 1),
        )
        out.print(panel)


def _stages(result: Result) -> None:
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
    if kept:
        where = Text(f"The API is up at {stack.url}/docs; sign in with {stack.credentials}.")
    else:
        again, up = ("make demo DEMO_ARGS=--keep", "bold"), (".venv/bin/doso up", "bold")
        where = Text.assemble("Look around with ", again, ", or keep state with ", up, ".")
    yours = ("make demo DEMO_ARGS='--inventory FILE --sales FILE --market FILE --dealer NAME'", "bold")
    out.print(Text.assemble("\n", where, "\nYour own files: ", yours), soft_wrap=True)


def _dollars(amount: Any) -> str:
    return f"${float(amount):,.0f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
