"""Columns: recognised by many vendors' names, by content, or as told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.imports import ImportKind, Mapping, UnknownColumnError, UnrecognisedColumnsError
from services.gateway.imports.columns import detect
from services.gateway.imports.naming import How

HOMENET = [
    "DealerName",
    "Type",
    "Stock",
    "VIN",
    "Year",
    "Make",
    "Model",
    "Body",
    "Trim",
    "ModelNumber",
    "Doors",
    "ExteriorColor",
    "InteriorColor",
    "EngineCylinders",
    "EngineDisplacement",
    "Transmission",
    "Miles",
    "SellingPrice",
    "MSRP",
    "BookValue",
    "Invoice",
    "Internet_Price",
    "Misc_Price1",
    "Misc_Price2",
    "Misc_Price3",
    "OriginalMSRP",
    "Flooring",
    "Certified",
    "DateInStock",
]
MAX = [
    "Year",
    "Make",
    "Model",
    "Trim",
    "Drivetrain",
    "Segment",
    "Certified",
    "Stock Number",
    "VIN",
    "Risk Light",
    "Photo Count",
    "DMS Status",
    "Lot Location",
    "Age",
    "Leads (last 7 days)",
    "Leads (All)",
    "Mileage",
    "Objective",
    "Color",
    "Price",
    "MSRP",
    "Last Reprice",
    "Unit Cost",
    "Est. Profit",
    "ACV Wholesale",
    "ACV MAX Retail",
    "% to Market",
    "Cost to Market",
    "Market Rank (Overall)",
    "MDS (Overall)",
    "Book value: MMR",
]
SALES = [
    "vin",
    "sale_date",
    "delivery_date",
    "listed_price",
    "cost_of_vehicle",
    "oem_msrp",
    "adjustment_on_price",
    "days_in_stock",
    "date_of_inventory",
    "deal_type",
    "vehicle_gross",
    "trade_in_value",
    "Sold Price",
    "F&I Gross",
]
STAR = [
    "inventory_vehicle_id",
    "vehicle_identifier.vin",
    "vehicle_identifier.stock_number",
    "vehicle_identifier.primary_make",
    "vehicle_identifier.primary_model",
    "vehicle_identifier.model_year",
    "condition",
    "dealer_code",
    "stock_date_time",
]
MARKET = [
    "id",
    "vin",
    "price",
    "msrp",
    "miles",
    "inventory_type",
    "dom",
    "first_seen_at",
    "last_seen_at",
    "ref_price",
    "price_change_percent",
]


def named(header: list[str], mapping: Mapping) -> dict[str, list[str]]:
    return {field: [header[index] for index in places] for field, places in mapping.columns.items()}


def test_homenet_prices_are_tried_in_order_of_preference() -> None:
    mapping = named(HOMENET, detect(HOMENET, [], ImportKind.INVENTORY))
    assert mapping["list_price"] == ["Internet_Price", "SellingPrice"]
    assert mapping["msrp"] == ["MSRP", "OriginalMSRP"]
    assert mapping["stock_date"] == ["DateInStock"]
    assert mapping["store"] == ["DealerName"]


def test_age_is_days_in_stock_and_market_figures_are_left_alone() -> None:
    mapping = detect(MAX, [], ImportKind.INVENTORY)
    fields = named(MAX, mapping)
    assert fields["days_in_stock"] == ["Age"]
    assert fields["cost"] == ["Unit Cost"]
    assert fields["list_price"] == ["Price"]
    assert fields["status"] == ["DMS Status"]
    assert {"Est. Profit", "ACV Wholesale", "Cost to Market", "Book value: MMR", "Last Reprice"} <= set(
        mapping.unmapped
    )


def test_a_sales_export_of_many_systems_is_recognised() -> None:
    fields = named(SALES, detect(SALES, [], ImportKind.SALES))
    assert fields["sale_date"] == ["sale_date", "delivery_date"]
    assert fields["sale_price"] == ["Sold Price"]
    assert fields["list_price"] == ["listed_price"]
    assert fields["front_gross"] == ["vehicle_gross"]
    assert fields["back_gross"] == ["F&I Gross"]
    assert fields["stock_date"] == ["date_of_inventory"]
    assert fields["purchase_type"] == ["deal_type"]


def test_nested_names_are_recognised_by_their_last_part() -> None:
    fields = named(STAR, detect(STAR, [], ImportKind.INVENTORY))
    assert fields["vin"] == ["vehicle_identifier.vin"]
    assert fields["make"] == ["vehicle_identifier.primary_make"]
    assert fields["model_year"] == ["vehicle_identifier.model_year"]


def test_a_market_feed_keeps_reference_prices_out() -> None:
    fields = named(MARKET, detect(MARKET, [], ImportKind.MARKET))
    assert fields["price"] == ["price"]
    assert fields["days_listed"] == ["dom"]
    assert fields["first_seen"] == ["first_seen_at"]
    assert fields["listing_id"] == ["id"]


@pytest.mark.parametrize(
    ("name", "unit"),
    [("mileage_km", "km"), ("Odometer (miles)", "mi"), ("KM", "km"), ("Miles", None), ("Odometer", None)],
)
def test_the_unit_is_taken_from_the_name_where_it_states_one(name: str, unit: str | None) -> None:
    mapping = detect(["VIN", name], [], ImportKind.INVENTORY)
    assert mapping.columns["odometer"] == (1,)
    assert mapping.odometer_units.get(1) == unit


@pytest.mark.parametrize(("cells", "recognised"), [(["Used", "New"], True), (["SUV", "Sedan"], False)])
def test_a_type_column_is_the_condition_only_if_its_cells_say_so(cells: list[str], recognised: bool) -> None:
    mapping = detect(["VIN", "Type"], [["", cell] for cell in cells], ImportKind.INVENTORY)
    assert ("condition" in mapping.columns) is recognised


def test_a_column_of_vins_is_found_under_any_name() -> None:
    sample = [["1M8GDM9AXKP042788", "x"], ["5YJ3E1EA7KF321382", "y"]]
    mapping = detect(["Fahrgestell", "Model"], sample, ImportKind.INVENTORY)
    assert mapping.columns["vin"] == (0,)
    assert mapping.matches[0].how is How.CONTENT


@pytest.mark.parametrize("override", [{"cost": "Total"}, {"Total": "cost"}])
def test_what_the_sender_says_wins_in_either_direction(override: dict[str, str | None]) -> None:
    mapping = detect(["VIN", "Cost", "Total"], [], ImportKind.INVENTORY, override)
    assert mapping.columns["cost"] == (2,)
    assert mapping.shown() == {"VIN": "vin", "Cost": None, "Total": "cost"}


def test_a_column_can_be_left_out() -> None:
    mapping = detect(["VIN", "Age"], [], ImportKind.INVENTORY, {"Age": None})
    assert "days_in_stock" not in mapping.columns


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ({"cost": "Nope"}, "'Nope' that is not there.*columns: VIN, Price"),
        ({"Price": "prize"}, "'prize' that does not exist.*list_price"),
        ({"foo": "bar"}, "neither a column nor a field"),
    ],
)
def test_a_wrong_mapping_says_what_exists(override: dict[str, str | None], complaint: str) -> None:
    with pytest.raises(UnknownColumnError, match=complaint):
        detect(["VIN", "Price"], [], ImportKind.INVENTORY, override)


def test_a_file_without_its_essential_column_is_refused_with_what_it_has() -> None:
    with pytest.raises(UnrecognisedColumnsError, match=r"for sale_date among: VIN, Colour.*mapping"):
        detect(["VIN", "Colour"], [], ImportKind.SALES)


@given(st.lists(st.text(max_size=30), max_size=15), st.sampled_from(list(ImportKind)))
def test_any_header_is_mapped_or_refused(header: list[str], kind: ImportKind) -> None:
    try:
        mapping = detect(header, [], kind)
    except UnrecognisedColumnsError:
        return
    assert len(mapping.matches) == len(header)


@pytest.mark.parametrize("header", [["x" * 5_000_000], [f"Column {number}" for number in range(10_000)]])
def test_what_is_no_table_is_refused_in_a_few_words(header: list[str]) -> None:
    """The reason is stored with the import, listed and logged."""
    for overrides in ({}, {"nothing": "vin"}, {"vin": "nothing"}, {header[0]: "nothing"}):
        with pytest.raises((UnrecognisedColumnsError, UnknownColumnError)) as refused:
            detect(header, [], ImportKind.SALES, overrides)
        assert len(str(refused.value)) < 5_000
