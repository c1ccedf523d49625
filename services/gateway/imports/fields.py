"""The fields an import fills and the column names the trade uses for them, for each kind of file.

Names are written as words; case, underscores, punctuation and camel case in the file do not matter. The
order inside a field is the order of preference when a file has several such columns. Left out on purpose:
book values, market averages, estimates and previous prices, which look like a price and are not the
vehicle's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ImportKind(StrEnum):
    """What one row of the file stands for."""

    INVENTORY = "inventory"
    SALES = "sales"
    MARKET = "market"


Synonyms = dict[str, tuple[str, ...]]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


_VEHICLE: Final[Synonyms] = {
    "vin": _names(
        "vin, vin number, vin num, vin no, vin code, vehicle identification number, vehicle id number, "
        "vehicle identifier vin, chassis number, chassis no"
    ),
    "condition": _names(
        "condition, new used, new or used, new used flag, nu, vehicle condition, inventory type, stock "
        "type, product state type, car type, vehicle type, type"
    ),
    "certified": _names("certified, certified pre owned, cpo, is certified, is cpo, certified flag, cpo flag"),
    "model_year": _names("model year, year, yr, my, vehicle year, veh year, car year, year model"),
    "make": _names("make, make name, vehicle make, veh make, primary make, brand, marque, manufacturer, division"),
    "model": _names("model, model name, vehicle model, veh model, primary model, model description, model desc"),
    "trim": _names("trim, trim level, trim package, trim name, trim description, series, version, package"),
    "body": _names("body, body style, body type, body class, body style name, vehicle body, vehicle body style"),
    "drivetrain": _names(
        "drivetrain, drive train, drive type, drivetrain type, driveline, driven wheels, wheel drive, drive"
    ),
    "fuel": _names("fuel, fuel type, fuel type primary, primary fuel, engine fuel, engine fuel type"),
    "transmission": _names("transmission, transmission type, transmission description, trans, gearbox"),
    "exterior_color": _names(
        "exterior color, exterior colour, ext color, ext colour, exterior color name, exterior, base "
        "color, generic exterior color, color exterior, color, colour"
    ),
    "odometer": _names(
        "odometer, mileage, miles, odometer reading, odometer value, odometer at sale, current mileage, "
        "vehicle mileage, kilometers, kilometres, kms, km, odo"
    ),
    "msrp": _names(
        "msrp, vehicle msrp, oem msrp, msrp price, total msrp, manufacturer suggested retail price, "
        "suggested retail price, original msrp"
    ),
}

_OWNED: Final[Synonyms] = {
    "stock_number": _names(
        "stock number, stock no, stock num, stock id, stock, stk number, stk no, stk num, stk, inventory number"
    ),
    "invoice": _names("invoice, invoice price, invoice amount, dealer invoice, vehicle invoice"),
    "cost": _names(
        "cost, unit cost, dealer cost, vehicle cost, cost of vehicle, acquisition cost, purchase cost, "
        "purchase price, acquisition price, inventory cost, book cost, net cost, landed cost, landed, "
        "total cost"
    ),
    "recon_cost": _names(
        "recon cost, reconditioning cost, recon, reconditioning, recon total, total recon, refurbishment cost"
    ),
    "stock_date": _names(
        "date in stock, stock date, in stock date, stock in date, stocked date, date stocked, stock date "
        "time, inventory date, date of inventory, date in inventory, date acquired, acquired date, "
        "acquisition date, date received, received date, purchase date, entry date, lot date"
    ),
    "days_in_stock": _names(
        "days in stock, age, days in inventory, inventory days, inventory age, stock age, lot age, age "
        "days, age in days, days on lot, days stocked, days"
    ),
    "store": _names(
        "dealer name, dealership name, dealership, dealer, store name, store, rooftop name, rooftop, "
        "company, seller name, seller, dealer id, dealership id, dealer code, store code, cars for sale "
        "dealer id"
    ),
}

_ASKING: Final = (
    "internet price, web price, website price, online price, eprice, advertised price, selling price, "
    "sale price, asking price, ask price, price, our price, current price, final price, special price, "
    "dealer price, vehicle price, list price, listed price, list, retail price, retail, regular price, "
    "sticker price"
)

FIELDS: Final[dict[ImportKind, Synonyms]] = {
    ImportKind.INVENTORY: {
        **_VEHICLE,
        **_OWNED,
        "list_price": _names(_ASKING),
        "status": _names("status, inventory status, vehicle status, stock status, dms status, availability"),
        "location": _names("location, lot location, stock location, lot"),
        "photo_count": _names(
            "photo count, image count, number of photos, photos, pictures, images, image list, photo urls, image urls"
        ),
    },
    ImportKind.SALES: {
        **_VEHICLE,
        **_OWNED,
        "sale_date": _names(
            "sale date, sold date, date sold, sales date, date of sale, deal date, contract date, "
            "transaction date, delivery date, delivered date, delivered date time, date"
        ),
        "sale_price": _names(
            "sale price, sold price, selling price, vehicle sale price, sale amount, transaction price, "
            "deal price, cash price, final price, sold for, price"
        ),
        "list_price": _names(
            "list price, listed price, asking price, internet price, advertised price, retail price, sticker price"
        ),
        "front_gross": _names(
            "front gross, front end gross, front gross profit, front profit, vehicle gross, front, gross "
            "profit, profit on sale, gross"
        ),
        "back_gross": _names(
            "back gross, back end gross, back gross profit, f i gross, f and i gross, finance gross, "
            "finance income, back"
        ),
        "purchase_type": _names(
            "purchase type, deal type, sale type, sales type, type of sale, transaction type, deal kind"
        ),
    },
    ImportKind.MARKET: {
        **_VEHICLE,
        "listing_id": _names("listing id, listing number, advert id, ad id, advertisement id, id"),
        "price": _names("last price, current price, " + _ASKING),
        "first_price": _names(
            "first price, initial price, original price, starting price, start price, first list price"
        ),
        "seller": _names(
            "seller name, seller, dealership name, dealership, dealer name, dealer, store name, store, "
            "dealer id, seller id, store code"
        ),
        "first_seen": _names(
            "first seen, first seen at, first seen date, first seen at date, date first seen, list date, "
            "listed date, date listed, listing date, date posted, posted date, post date, date in stock"
        ),
        "last_seen": _names(
            "last seen, last seen at, last seen date, last seen at date, date last seen, last updated"
        ),
        "days_listed": _names("days listed, days on market, dom, dom active, days online, days active, age"),
        "removed": _names("removed, is removed, delisted, is delisted, sold, is sold, off market"),
        "right_censored": _names("right censored, still listed, is active, active"),
        "left_censored": _names("left censored"),
        "snapshot_date": _names(
            "snapshot date, snapshot, scrape date, scrape dt, scraped at, alert dt, alert date, crawl "
            "date, capture date, collected at, extract date, report date, as of date, as of, date"
        ),
    },
}

REQUIRED: Final[dict[ImportKind, tuple[str, ...]]] = {
    ImportKind.INVENTORY: ("vin",),
    ImportKind.SALES: ("vin", "sale_date"),
    ImportKind.MARKET: ("vin",),
}
"""Fields without which no row of the kind could be accepted, so the file is refused at once."""

CARSFORSALE_ORDER: Final = [
    "CarsForSaleDealerID",
    "NewUsed",
    "VIN",
    "StockNumber",
    "Make",
    "Model",
    "ModelYear",
    "Trim/Package",
    "BodyStyle",
    "Miles",
    "Engine",
    "Cylinders",
    "FuelType",
    "Transmission",
    "Price",
    "ExteriorColor",
    "InteriorColor",
    "Options",
    "Description",
    "PhotoURLs",
]
"""The one documented feed that is sent without a header (Carsforsale inventory feed)."""
