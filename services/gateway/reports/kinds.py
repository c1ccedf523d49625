"""The reports there are: their columns, and the few figures that stand above the table on paper."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from services.gateway.reports.table import Column, Places

Rows = Sequence[Mapping[str, Any]]
Figure = tuple[str, str]
"""A label and a value."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One report."""

    name: str
    title: str
    columns: tuple[Column, ...]
    figures: Callable[[Rows, Places], list[Figure]]

    @property
    def printed(self) -> tuple[Column, ...]:
        """The columns that paper has room for."""
        return tuple(column for column in self.columns if column.printed)


def total(rows: Rows, name: str, places: Places) -> str:
    """Add money up, each currency by itself: ``USD 1,204,500``."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row.get(name) is not None:
            currency = places.currency(row)
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(str(row[name]))
    return " + ".join(f"{currency} {amount:,.0f}" for currency, amount in sorted(sums.items())) or "–"


def _invested(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is in a vehicle, as the stock summary counts it."""
    known = [Decimal(row[name]) for name in ("cost", "recon_cost") if row.get(name) is not None]
    return {**row, "invested": sum(known, Decimal(0))}


def _inventory(rows: Rows, places: Places) -> list[Figure]:
    ages = [row["group_days"] for row in rows if row.get("group_days") is not None]
    return [
        ("Vehicles", f"{len(rows):,}"),
        ("At list price", total(rows, "list_price", places)),
        ("At cost, recon included", total([_invested(row) for row in rows], "invested", places)),
        ("Average days", f"{sum(ages) / len(ages):.0f}" if ages else "–"),
        ("Over 60 days", f"{sum(age > 60 for age in ages):,}"),  # noqa: PLR2004  # as the figure says
        ("Over 90 days", f"{sum(age > 90 for age in ages):,}"),  # noqa: PLR2004
    ]


def _advice(rows: Rows, places: Places) -> list[Figure]:
    actions = Counter(str(row["action"]) for row in rows)
    common = [(action.capitalize(), f"{count:,}") for action, count in actions.most_common(4)]
    return [("Advice", f"{len(rows):,}"), ("Expected value", total(rows, "value", places)), *common]


def _gaps(rows: Rows, _places: Places) -> list[Figure]:
    units = [int(row["gap_units"]) for row in rows if row.get("gap_units") is not None]
    readings = Counter(str(row["gap_reading"]) for row in rows if row.get("gap_reading"))
    return [
        ("Segments", f"{len(rows):,}"),
        ("Units short", f"{sum(each for each in units if each > 0):,}"),
        ("Units over", f"{-sum(each for each in units if each < 0):,}"),
        *((reading.capitalize(), f"{count:,}") for reading, count in readings.most_common(3)),
    ]


def _outcomes(rows: Rows, places: Places) -> list[Figure]:
    shown = [row for row in rows if not row.get("held_out")]
    judged = [row for row in shown if row.get("realised_value") is not None]
    return [
        ("Outcomes", f"{len(shown):,}"),
        ("Held out", f"{len(rows) - len(shown):,}"),
        ("Judged", f"{len(judged):,}"),
        ("Expected of those", total(judged, "expected_value", places)),
        ("Realised", total(judged, "realised_value", places)),
    ]


def _summary(rows: Rows, places: Places) -> list[Figure]:
    whole = [row for row in rows if row["part"] == "all"]
    return [
        ("Rooftops", f"{len(whole):,}"),
        ("Units", f"{sum(row['units'] for row in whole):,}"),
        ("On order", f"{sum(row['on_order'] for row in whole):,}"),
        ("At cost", total(whole, "value_at_cost", places)),
        ("Sold in 45 days", f"{sum(row['retail_sales'] for row in whole):,}"),
        ("Holding a day", total(whole, "holding_per_day", places)),
    ]


_AGES = ("0-30", "31-60", "61-90", "91+")
_CURRENCY = Column("Currency", "currency", width=9, printed=False)
INVENTORY = Kind(
    "inventory",
    "Inventory",
    (
        Column("Rooftop", "dealer", width=18),
        Column("Stock no.", "stock_number", width=11),
        Column("VIN", "vin", width=22),
        Column("Status", "status", width=11, printed=False),
        Column("Condition", "condition", width=10),
        Column("Year", "model_year", "whole", 6),
        Column("Make", "make", width=12),
        Column("Model", "model", width=16),
        Column("Trim", "trim", width=12),
        Column("Odometer", "odometer", "whole", 10),
        Column("Unit", "odometer_unit", width=6, printed=False),
        Column("Stocked", "stock_date", "date", 12, printed=False),
        Column("Days", "days", "whole", 6),
        Column("Group days", "group_days", "whole", 7),
        Column("Cost", "cost", "money", 12),
        Column("Recon", "recon_cost", "money", 12, printed=False),
        Column("List price", "list_price", "money", 12),
        _CURRENCY,
        Column("Price to market", "market.price_to_market", "percent", 9),
        Column("Cost to market", "market.cost_to_market", "percent", 10, printed=False),
        Column("Market days' supply", "market.days_supply", "number", 10, printed=False),
        Column("Segment", "segment", width=26, printed=False),
        Column("Availability", "availability", width=11, printed=False),
    ),
    _inventory,
)
ADVICE = Kind(
    "recommendations",
    "Recommendations",
    (
        Column("Rooftop", "dealer", width=18),
        Column("Action", "action", width=11),
        Column("Vehicle or segment", "label", width=22),
        Column("Stock no.", "stock_number", width=12),
        Column("VIN", "vin", width=20, printed=False),
        Column("Units", "quantity", "whole", 7),
        Column("Price now", "current_price", "money", 13),
        Column("Advised price", "price", "money", 13),
        Column("To rooftop", "destination_dealer_name", width=16),
        Column("Value", "value", "money", 13),
        Column("Value a day", "value_per_day", "money", 12, printed=False),
        _CURRENCY,
        Column("Confidence", "confidence", "percent", 12),
        Column("Reason", "reason", width=60),
        Column("Status", "status", width=11, printed=False),
        Column("Answer", "answer.decision", width=11, printed=False),
        Column("Issued", "issued_at", "time", 17, printed=False),
        Column("Expires", "expires_at", "time", 17, printed=False),
        Column("Id", "id", width=38, printed=False),
    ),
    _advice,
)
GAPS = Kind(
    "gaps",
    "Mix gaps",
    (
        Column("Rooftop", "dealer", width=22),
        Column("Segment", "label", width=28),
        Column("Segment key", "segment", width=28, printed=False),
        Column("As of", "as_of", "date", 12, printed=False),
        Column("Market share", "market_share", "percent", 11),
        Column("Stock share", "stock_share", "percent", 11),
        Column("Sales share", "sales_share", "percent", 11),
        Column("Gap", "gap", "percent", 10),
        Column("Gap, units", "gap_units", "whole", 9),
        Column("Target, units", "target_units", "number", 9),
        Column("In stock", "own_stock", "whole", 9),
        Column("Inbound", "own_inbound", "whole", 9),
        Column("Own sales", "own_sales", "whole", 9),
        Column("Sold in market", "sold_in_window", "number", 10),
        Column("Adverts", "active_listings", "whole", 9),
        Column("Reading", "gap_reading", width=14),
    ),
    _gaps,
)
OUTCOMES = Kind(
    "feedback",
    "Outcomes",
    (
        Column("Rooftop", "dealer", width=20),
        Column("Recorded", "occurred_at", "time", 17),
        Column("Action", "action", width=11),
        Column("Decision", "decision", width=11),
        Column("What happened", "kind", width=13),
        Column("Vehicle", "vehicle_key", width=22),
        Column("Segment", "segment", width=26),
        Column("Days", "days", "whole", 7),
        Column("Expected value", "expected_value", "money", 14),
        Column("Realised value", "realised_value", "money", 14),
        Column("Expected gross", "expected_gross", "money", 14, printed=False),
        Column("Realised gross", "realised_gross", "money", 14),
        _CURRENCY,
        Column("Held out", "held_out", width=9, printed=False),
        Column("Advice", "recommendation_id", width=38, printed=False),
    ),
    _outcomes,
)
SUMMARY = Kind(
    "summary",
    "Stock summary",
    (
        Column("Rooftop", "dealer", width=22),
        Column("Stock", "part", width=8),
        Column("Units", "units", "whole", 8),
        Column("On order", "on_order", "whole", 8),
        Column("At cost", "value_at_cost", "money", 16),
        Column("At list", "value_at_list", "money", 16),
        _CURRENCY,
        *(Column(f"{label} group days", f"group_ages.{label}", "whole", 9) for label in _AGES),
        Column("Average group days", "average_group_days", "number", 9),
        *(Column(f"{label} days", f"ages.{label}", "whole", 9, printed=False) for label in _AGES),
        Column("Average days", "average_age_days", "number", 9, printed=False),
        Column("Sold, 45 days", "retail_sales", "whole", 9),
        Column("Front gross", "average_front_gross", "money", 13),
        Column("Days' supply", "days_supply", "number", 9),
        Column("Turn a year", "turn", "number", 9),
        Column("Holding a day", "holding_per_day", "money", 13),
    ),
    _summary,
)
