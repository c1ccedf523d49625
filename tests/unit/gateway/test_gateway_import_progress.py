"""A refused row still says that its car stands there."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.gateway.importing.progress import Progress, may_hold_a_vehicle
from services.gateway.imports import ImportKind, RejectedRow, RowProblem, read_import
from services.gateway.store.accounts import Dealer
from services.gateway.store.imports import Import

VIN = "1M8GDM9AXKP042788"
AS_OF = date(2026, 3, 2)


def listed(tmp_path: Path, row: str, *, by_store: bool = False) -> list[tuple[str | None, str | None]]:
    path = tmp_path / "stock.csv"
    path.write_text(f"VIN,Stock,Year,Make,Model,Price,Odometer,Store\n{row}\n", encoding="utf-8")
    dealer = Dealer(uuid4(), uuid4(), "A store", "USD", "US-MI", "UTC")
    reading = read_import(
        path, path.name, ImportKind.INVENTORY, as_of=AS_OF, default_odometer_unit="mi",
        stores=[dealer.name] if by_store else None,
    )  # fmt: skip
    work = Import(
        dealer.tenant_id, uuid4(), dealer.dealer_id, "inventory", "snapshot", path.name, AS_OF, None,
        confirm=False, by_store=by_store,
    )  # fmt: skip
    progress = Progress(work, {dealer.dealer_id: dealer}, set(), reading)
    rows = list(reading)
    assert all(isinstance(one, RejectedRow) for one in rows)
    names: dict[UUID | None, str | None] = {None: None, dealer.dealer_id: dealer.name}
    found = [progress.listed(one) for one in rows]
    return [(names[dealer_id], vin) for dealer_id, vin in found]


def test_a_row_refused_for_its_odometer_still_lists_its_vehicle(tmp_path: Path) -> None:
    assert listed(tmp_path, f"{VIN},1,2019,Honda,Civic,18000,thirty,") == [("A store", VIN)]


def test_a_row_refused_for_its_price_still_lists_its_vehicle(tmp_path: Path) -> None:
    assert listed(tmp_path, f"{VIN.lower()},1,2019,Honda,Civic,-5,100,") == [("A store", VIN)]


def test_a_row_whose_vin_cannot_be_read_lists_nothing_it_could_name(tmp_path: Path) -> None:
    assert listed(tmp_path, "NOVIN,1,2019,Honda,Civic,18000,100,") == [("A store", None)]


def test_a_row_of_a_rooftop_that_cannot_be_told_lists_its_vehicle_at_none(tmp_path: Path) -> None:
    row = f"{VIN},1,2019,Honda,Civic,18000,100,A stor"
    assert listed(tmp_path, row, by_store=True) == [(None, VIN)]


def test_a_rooftop_is_known_however_its_name_is_written(tmp_path: Path) -> None:
    row = f"{VIN},1,2019,Honda,Civic,18000,thirty, a  STORE"
    assert listed(tmp_path, row, by_store=True) == [("A store", VIN)]


def test_a_row_out_of_shape_may_be_any_rooftops(tmp_path: Path) -> None:
    assert listed(tmp_path, f"{VIN},1,2019,Honda", by_store=True) == [(None, VIN)]
    assert listed(tmp_path, f"{VIN},1,2019,Honda") == [("A store", VIN)]


@pytest.mark.parametrize(("cells", "may"), [((" ", None, "End of file"), False), (("NOVIN", "2019"), True)])
def test_the_end_of_a_file_is_no_vehicle(cells: tuple[str | None, ...], may: bool) -> None:
    assert may_hold_a_vehicle(RejectedRow(9, (RowProblem(9, None, "no table", None),), cells)) is may


def test_a_row_that_names_no_rooftop_is_the_files(tmp_path: Path) -> None:
    assert listed(tmp_path, f"{VIN},1,2019,Honda,Civic,18000,thirty,N/A", by_store=True) == [("A store", VIN)]
