"""Stock in three header dialects: a HomeNet feed, an ACV MAX export and a Google vehicle-listings feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from doso.sample_group.table import Column, Table, lay_out
from doso.sample_group.valuation import value_at

if TYPE_CHECKING:
    from datetime import date

    from doso.sample_group.stores import Store
    from doso.sample_group.vehicle import Unit, Vehicle

_BODIES = {
    "SUV": "Sport Utility",
    "Sedan": "4dr Car",
    "Pickup": "Crew Cab Pickup",
    "Van": "Mini-van, Passenger",
    "Coupe": "2dr Car",
    "Wagon": "Station Wagon",
}
_TWO_DOORS = {"Coupe", "Convertible"}
_RISK_AGES = (("Red", 60), ("Yellow", 30))


@dataclass(frozen=True, slots=True)
class OnLot:
    """A unit as it stands at a rooftop on a day."""

    store: Store
    unit: Unit
    day: date

    @property
    def car(self) -> Vehicle:
        """The vehicle."""
        return self.unit.vehicle

    @property
    def age(self) -> int:
        """Days in stock."""
        return self.unit.age(self.day)

    @property
    def price(self) -> int:
        """Asking price, USD."""
        return self.unit.offer.price(self.age)

    @property
    def market_value(self) -> float:
        """What the market asks for it today, USD."""
        return value_at(self.car.market_value, self.age, new=self.car.new)

    @property
    def total_cost(self) -> int:
        """Cost with reconditioning, USD."""
        return self.unit.cost + self.unit.recon_cost

    @property
    def in_recon(self) -> bool:
        """Whether it is not yet frontline-ready."""
        return self.age < self.unit.recon_days

    @property
    def days_since_reprice(self) -> str:
        """Days since the price last moved; empty if it never has."""
        changed = self.unit.offer.last_change(self.age)
        return "" if changed is None else str(self.age - changed)

    @property
    def risk_light(self) -> str:
        """Red past 60 days, yellow past 30, else green."""
        return next((light for light, days in _RISK_AGES if self.age > days), "Green")


def us_date(day: date) -> str:
    """Return a date as M/D/YYYY."""
    return f"{day.month}/{day.day}/{day.year}"


def _constant(header: str, text: str) -> Column[OnLot]:
    return Column(header, lambda _: text)


# Comment4 stands twice and 0 means missing, as in real feeds; Invoice holds the cost, ReconCost is custom.
HOMENET: tuple[Column[OnLot], ...] = (
    Column("DealerName", lambda lot: lot.store.name),
    Column("Type", lambda lot: "New" if lot.car.new else "Used"),
    Column("Stock", lambda lot: lot.unit.stock_number),
    Column("VIN", lambda lot: lot.car.vin, "vin"),
    Column("Year", lambda lot: lot.car.model_year),
    Column("Make", lambda lot: lot.car.model.make),
    Column("Model", lambda lot: lot.car.model.name, "model"),
    Column("Body", lambda lot: _BODIES.get(lot.car.model.body, lot.car.model.body)),
    Column("Trim", lambda lot: lot.car.trim),
    _constant("ModelNumber", ""),
    Column("Doors", lambda lot: 2 if lot.car.model.body in _TWO_DOORS else 4),
    Column("ExteriorColor", lambda lot: lot.car.colour),
    *(_constant(header, "") for header in ("InteriorColor", "EngineCylinders", "EngineDisplacement")),
    _constant("Transmission", "Automatic"),
    Column("Miles", lambda lot: lot.car.mileage, "mileage"),
    Column("SellingPrice", lambda lot: lot.price, "price"),
    Column("MSRP", lambda lot: lot.car.msrp if lot.car.new else 0),
    _constant("BookValue", "0"),
    Column("Invoice", lambda lot: lot.unit.cost),
    *(_constant(header, "0") for header in ("Internet_Price", "Misc_Price1", "Misc_Price2", "Misc_Price3")),
    Column("OriginalMSRP", lambda lot: lot.car.msrp),
    _constant("Flooring", "0"),
    Column("Certified", lambda lot: str(lot.car.condition == "certified")),
    Column("DateInStock", lambda lot: us_date(lot.unit.stock_date), "stock_date"),
    _constant("Description", "Generated sample, not a real vehicle"),
    *(_constant(header, "") for header in ("Options", "ImageList", "Comment4")),
    Column("Fuel_Type", lambda lot: f"{lot.car.model.fuel} Fuel"),
    Column("DriveType", lambda lot: lot.car.drivetrain),
    *(_constant(header, "") for header in ("Comment1", "Comment2", "Comment3", "Comment4")),
    Column("ReconCost", lambda lot: lot.unit.recon_cost),
)
# Age in days stands instead of a stock date; the tool is for used vehicles, so there is no new or used.
ACV_MAX: tuple[Column[OnLot], ...] = (
    Column("Year", lambda lot: lot.car.model_year),
    Column("Make", lambda lot: lot.car.model.make),
    Column("Model", lambda lot: lot.car.model.name, "model"),
    Column("Trim", lambda lot: lot.car.trim),
    Column("Drivetrain", lambda lot: lot.car.drivetrain),
    Column("Segment", lambda lot: lot.car.model.body),
    Column("Certified", lambda lot: "Yes" if lot.car.condition == "certified" else "No"),
    Column("Stock Number", lambda lot: lot.unit.stock_number),
    Column("VIN", lambda lot: lot.car.vin, "vin"),
    Column("Risk Light", lambda lot: lot.risk_light),
    Column("Photo Count", lambda lot: 0 if lot.in_recon else 24),
    Column("DMS Status", lambda lot: "In Recon" if lot.in_recon else "Retail"),
    Column("Lot Location", lambda lot: lot.store.name),
    Column("Age", lambda lot: lot.age, "age"),
    Column("Mileage", lambda lot: lot.car.mileage, "mileage"),
    Column("Color", lambda lot: lot.car.colour),
    Column("Price", lambda lot: lot.price, "price"),
    Column("MSRP", lambda lot: lot.car.msrp),
    Column("Last Reprice", lambda lot: lot.days_since_reprice),
    Column("Unit Cost", lambda lot: lot.unit.cost),
    Column("Recon Cost", lambda lot: lot.unit.recon_cost),
    Column("Est. Profit", lambda lot: lot.price - lot.total_cost),
    Column("% to Market", lambda lot: f"{lot.price / lot.market_value:.0%}"),
    Column("Cost to Market", lambda lot: f"{lot.total_cost / lot.market_value:.0%}"),
)
# Amounts carry their unit, as the feed's specification asks; the columns from body_style on are custom.
GOOGLE: tuple[Column[OnLot], ...] = (
    Column("vin", lambda lot: lot.car.vin, "vin"),
    Column("id", lambda lot: lot.unit.stock_number),
    Column("store_code", lambda lot: f"sample-{lot.store.code}"),
    Column("dealership_name", lambda lot: lot.store.name),
    Column("date_in_stock", lambda lot: lot.unit.stock_date.isoformat(), "stock_date"),
    Column("price", lambda lot: f"{lot.price} USD", "price"),
    Column("vehicle_msrp", lambda lot: f"{lot.car.msrp} USD"),
    Column("condition", lambda lot: "new" if lot.car.new else "used"),
    Column("certified_pre_owned", lambda lot: "yes" if lot.car.condition == "certified" else "no"),
    Column("make", lambda lot: lot.car.model.make),
    Column("model", lambda lot: lot.car.model.name, "model"),
    Column("trim", lambda lot: lot.car.trim),
    Column("year", lambda lot: lot.car.model_year),
    Column("mileage", lambda lot: f"{lot.car.mileage} miles", "mileage"),
    Column("body_style", lambda lot: lot.car.model.body),
    Column("drivetrain", lambda lot: lot.car.drivetrain),
    Column("fuel", lambda lot: lot.car.model.fuel),
    Column("exterior_color", lambda lot: lot.car.colour),
    Column("unit_cost", lambda lot: lot.unit.cost),
    Column("recon_cost", lambda lot: lot.unit.recon_cost),
)


def inventory_file(store: Store, units: list[Unit], as_of: date) -> tuple[str, Table]:
    """Return the name and content of a rooftop's stock file; KeyError for a rooftop without a dialect."""
    name, columns, delimiter = {
        "T": ("inventory.csv", HOMENET, ","),
        "H": ("inventory.tsv", GOOGLE, "\t"),
        "V": ("inventory.csv", ACV_MAX, ","),
    }[store.code]
    return name, lay_out(columns, [OnLot(store, unit, as_of) for unit in units], delimiter=delimiter)
