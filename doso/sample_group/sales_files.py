"""Two years of deals in three dialects, and the region's listings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from doso.sample_group.inventory_files import us_date
from doso.sample_group.table import Column, Table, lay_out

if TYPE_CHECKING:
    from doso.sample_group.market import Listing
    from doso.sample_group.stores import Store
    from doso.sample_group.trading import Sale
    from doso.sample_group.vehicle import Unit, Vehicle


@dataclass(frozen=True, slots=True)
class Deal:
    """A sale at a rooftop."""

    store: Store
    sale: Sale

    @property
    def unit(self) -> Unit:
        """The unit sold."""
        return self.sale.unit

    @property
    def car(self) -> Vehicle:
        """The vehicle sold."""
        return self.sale.unit.vehicle

    @property
    def days_in_stock(self) -> int:
        """Age at sale."""
        return self.unit.age(self.sale.sale_date)


# Plain snake_case, ISO dates.
LEDGER: tuple[Column[Deal], ...] = (
    Column("dealer", lambda deal: deal.store.name),
    Column("sale_date", lambda deal: deal.sale.sale_date.isoformat(), "sale_date"),
    Column("vin", lambda deal: deal.car.vin, "vin"),
    Column("stock_number", lambda deal: deal.unit.stock_number),
    Column("stock_date", lambda deal: deal.unit.stock_date.isoformat(), "stock_date"),
    Column("year", lambda deal: deal.car.model_year),
    Column("make", lambda deal: deal.car.model.make),
    Column("model", lambda deal: deal.car.model.name, "model"),
    Column("trim", lambda deal: deal.car.trim),
    Column("body", lambda deal: deal.car.model.body),
    Column("drivetrain", lambda deal: deal.car.drivetrain),
    Column("fuel", lambda deal: deal.car.model.fuel),
    Column("condition", lambda deal: deal.car.condition),
    Column("mileage", lambda deal: deal.car.mileage, "mileage"),
    Column("list_price", lambda deal: deal.sale.list_price),
    Column("sale_price", lambda deal: deal.sale.sale_price, "price"),
    Column("cost", lambda deal: deal.unit.cost),
    Column("recon_cost", lambda deal: deal.unit.recon_cost),
    Column("front_gross", lambda deal: deal.sale.front_gross),
    Column("back_gross", lambda deal: deal.sale.back_gross),
    Column("purchase_type", lambda deal: deal.sale.purchase_type, "purchase_type"),
)
# A spreadsheet's deal log: dates M/D/YYYY and both stock date and days in stock.
DEAL_LOG: tuple[Column[Deal], ...] = (
    Column("Store", lambda deal: deal.store.name),
    Column("Deal Date", lambda deal: us_date(deal.sale.sale_date), "sale_date"),
    Column("VIN", lambda deal: deal.car.vin, "vin"),
    Column("Stock #", lambda deal: deal.unit.stock_number),
    Column("Date In Stock", lambda deal: us_date(deal.unit.stock_date), "stock_date"),
    Column("Days In Stock", lambda deal: deal.days_in_stock),
    Column("Year", lambda deal: deal.car.model_year),
    Column("Make", lambda deal: deal.car.model.make),
    Column("Model", lambda deal: deal.car.model.name, "model"),
    Column("Trim", lambda deal: deal.car.trim),
    Column("Body Style", lambda deal: deal.car.model.body),
    Column("Drive", lambda deal: deal.car.drivetrain),
    Column("Fuel", lambda deal: deal.car.model.fuel),
    Column("New/Used", lambda deal: deal.car.condition.title()),
    Column("Odometer", lambda deal: deal.car.mileage, "mileage"),
    Column("List Price", lambda deal: deal.sale.list_price),
    Column("Sale Price", lambda deal: deal.sale.sale_price, "price"),
    Column("Vehicle Cost", lambda deal: deal.unit.cost),
    Column("Recon", lambda deal: deal.unit.recon_cost),
    Column("Front Gross", lambda deal: deal.sale.front_gross),
    Column("Back Gross", lambda deal: deal.sale.back_gross),
    Column("Deal Type", lambda deal: deal.sale.purchase_type, "purchase_type"),
)
# A DMS extract: days in stock only, no drivetrain or fuel.
DMS_EXTRACT: tuple[Column[Deal], ...] = (
    Column("DealerName", lambda deal: deal.store.name),
    Column("SaleDate", lambda deal: deal.sale.sale_date.isoformat(), "sale_date"),
    Column("StockNo", lambda deal: deal.unit.stock_number),
    Column("VIN", lambda deal: deal.car.vin, "vin"),
    Column("ModelYear", lambda deal: deal.car.model_year),
    Column("Make", lambda deal: deal.car.model.make),
    Column("Model", lambda deal: deal.car.model.name, "model"),
    Column("TrimLevel", lambda deal: deal.car.trim),
    Column("BodyType", lambda deal: deal.car.model.body),
    Column("Condition", lambda deal: deal.car.condition),
    Column("Mileage", lambda deal: deal.car.mileage, "mileage"),
    Column("DaysInStock", lambda deal: deal.days_in_stock),
    Column("ListedPrice", lambda deal: deal.sale.list_price),
    Column("SalePrice", lambda deal: deal.sale.sale_price, "price"),
    Column("CostOfVehicle", lambda deal: deal.unit.cost),
    Column("ReconCost", lambda deal: deal.unit.recon_cost),
    Column("VehicleGross", lambda deal: deal.sale.front_gross),
    Column("FinanceGross", lambda deal: deal.sale.back_gross),
    Column("DealType", lambda deal: deal.sale.purchase_type, "purchase_type"),
)
MARKET: tuple[Column[Listing], ...] = (
    Column("vin", lambda listing: listing.vehicle.vin, "vin"),
    Column("make", lambda listing: listing.vehicle.model.make),
    Column("model", lambda listing: listing.vehicle.model.name, "model"),
    Column("model_year", lambda listing: listing.vehicle.model_year),
    Column("trim", lambda listing: listing.vehicle.trim),
    Column("body", lambda listing: listing.vehicle.model.body),
    Column("drivetrain", lambda listing: listing.vehicle.drivetrain),
    Column("fuel", lambda listing: listing.vehicle.model.fuel),
    Column("condition", lambda listing: listing.vehicle.condition),
    Column("mileage", lambda listing: listing.vehicle.mileage, "mileage"),
    Column("price", lambda listing: listing.price, "price"),
    Column("seller", lambda listing: listing.seller),
    Column("first_seen", lambda listing: listing.first_seen.isoformat()),
    Column("last_seen", lambda listing: listing.last_seen.isoformat()),
)


def sales_file(store: Store, sales: list[Sale]) -> tuple[str, Table]:
    """Return the name and content of a rooftop's sales file; KeyError for a rooftop without a dialect."""
    deals = [Deal(store, sale) for sale in sales]
    return "sales.csv", {
        "T": lambda: lay_out(LEDGER, deals),
        "H": lambda: lay_out(DEAL_LOG, deals, byte_order_mark=True),
        "V": lambda: lay_out(DMS_EXTRACT, deals, delimiter=";"),
    }[store.code]()


def market_file(listings: list[Listing]) -> tuple[str, Table]:
    """Return the name and content of the region's listings file."""
    return "market.csv", lay_out(MARKET, listings)
