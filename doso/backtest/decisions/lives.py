"""What a dealer's records say of each vehicle: when it came, what it cost, when and how it left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from services.gateway.imports import InventoryRow, SaleRow
from shared.events.segment import segment_key, segment_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KM_PER_MILE = 1.609344
_NOT_RETAIL = ("wholesale", "dealer_trade")


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One vehicle at one rooftop; odometer in km, amounts in the dealer's currency.

    ``asked`` is the last price on its tag, or what it sold for where no tag is on record. ``left`` is None
    while it stands; ``retailed`` tells a retail sale from any other exit.
    """

    key: str
    segment: str
    label: str
    condition: str
    model_year: int | None = None
    make: str = ""
    model: str = ""
    trim: str | None = None
    odometer_km: float | None = None
    cost: float | None = None
    recon: float = 0.0
    asked: float | None = None
    stocked: date | None = None
    left: date | None = None
    retailed: bool = False
    brought: float | None = None
    """What it was sold for, by whatever way."""
    front: float | None = None
    back: float | None = None

    @property
    def invested(self) -> float | None:
        """Give cost and reconditioning together."""
        return None if self.cost is None else self.cost + self.recon

    def stood_on(self, day: date) -> bool:
        """Tell whether it was on the lot on a day and stayed for another."""
        return self.stocked is not None and self.stocked <= day and (self.left is None or self.left > day)

    def known_gross(self) -> float | None:
        """Give front and back gross of a sale, from the record or from price and cost."""
        front = self.front
        if front is None and self.brought is not None and self.invested is not None:
            front = self.brought - self.invested
        return None if front is None else front + (self.back or 0.0)


def from_rows(inventory: Iterable[InventoryRow], sales: Iterable[SaleRow]) -> list[Life]:
    """Turn the rows of a dealer's files into lives; of a deal that was unwound and done again the last counts.

    A vehicle in stock that was sold before has come back, unless its file gives the same stock date or none.
    """
    deals = sorted((_from_sale(row) for row in sales), key=lambda life: life.left or date.min)
    lives = {(life.key, life.stocked): life for life in deals}
    gone = {life.key for life in deals}
    for life in map(_from_stock, inventory):
        if life.key not in gone or (life.stocked is not None and (life.key, life.stocked) not in lives):
            lives[life.key, life.stocked] = life
    return list(lives.values())


def from_documents(documents: Iterable[Mapping[str, Any]]) -> list[Life]:
    """Turn vehicles as the REST API gives them into lives; what is on order has not lived yet."""
    return [_from_document(each) for each in documents if each["status"] != "on_order" and each.get("segment")]


def _from_sale(row: SaleRow) -> Life:
    brought = _number(row.sale_price)
    return Life(
        **_vehicle(row),
        cost=_number(row.cost),
        recon=_number(row.recon_cost) or 0.0,
        asked=_number(row.list_price) or brought,
        stocked=row.stock_date,
        left=row.sale_date,
        retailed=row.purchase_type not in _NOT_RETAIL,
        brought=brought,
        front=_number(row.front_gross),
        back=_number(row.back_gross),
    )


def _from_stock(row: InventoryRow) -> Life:
    return Life(
        **_vehicle(row),
        cost=_number(row.cost),
        recon=_number(row.recon_cost) or 0.0,
        asked=_number(row.list_price),
        stocked=row.stock_date,
    )


def _vehicle(row: InventoryRow | SaleRow) -> dict[str, Any]:
    return {
        "key": str(row.vin),
        "segment": segment_key(row.condition, row.make, row.model),
        "label": segment_label(row.condition, row.make, row.model),
        "condition": row.condition,
        "model_year": row.model_year,
        "make": row.make,
        "model": row.model,
        "trim": row.trim,
        "odometer_km": _kilometres(row.odometer, row.odometer_unit),
    }


def _from_document(document: Mapping[str, Any]) -> Life:
    def day(name: str) -> date | None:
        return date.fromisoformat(document[name]) if document.get(name) else None

    brought = _number(document.get("sale_price"))
    make, model = document.get("make") or "", document.get("model") or ""
    return Life(
        key=document["vehicle_key"],
        segment=document["segment"],
        label=segment_label(document.get("condition"), make, model),
        condition=document.get("condition") or "used",
        model_year=document.get("model_year"),
        make=make,
        model=model,
        trim=document.get("trim"),
        odometer_km=_kilometres(document.get("odometer"), document.get("odometer_unit")),
        cost=_number(document.get("cost")),
        recon=_number(document.get("recon_cost")) or 0.0,
        asked=_number(document.get("list_price")) or brought,
        stocked=day("stock_date"),
        left=day("exit_date"),
        retailed=document["status"] == "sold" and document.get("purchase_type") not in _NOT_RETAIL,
        brought=brought,
        front=_number(document.get("front_gross")),
        back=_number(document.get("back_gross")),
    )


def _kilometres(odometer: int | None, unit: str | None) -> float | None:
    return None if odometer is None else float(odometer) * (_KM_PER_MILE if unit == "mi" else 1.0)


def _number(amount: Any) -> float | None:
    return None if amount is None else float(amount)
