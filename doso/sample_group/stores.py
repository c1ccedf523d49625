"""The sample group's three rooftops: what each sells, how much, and where its stock is out of balance."""

from __future__ import annotations

from dataclasses import dataclass

from doso.sample_group.catalogue import CATALOGUE, Model
from doso.sample_group.vehicle import UsedSource

GROUP_NAME = "Lakeshore Auto Group (generated sample)"
CURRENCY, REGION, TIMEZONE = "USD", "US-MI", "America/Detroit"

_OWN_MAKE, _OTHER_MAKE = 2.6, 0.30
_LUXURY = {"BMW": 0.4, "Tesla": 0.4}
STOCKED_OUT = ("RAV4 Hybrid", "CR-V Hybrid", "Sienna")
"""New models of which there are weeks without one."""


@dataclass(frozen=True, slots=True)
class Store:
    """One rooftop.

    ``monthly_buyers`` counts shoppers ready to buy, a part of whom find nothing that suits; ``new_share`` is
    the part of them who want a new vehicle.
    """

    name: str
    code: str
    franchise: str | None
    new_share: float
    monthly_buyers: float
    used: UsedSource


@dataclass(frozen=True, slots=True)
class Line:
    """What a rooftop plans its stock by: a model, new or used; ``weight`` is its share of buyers."""

    model: Model
    new: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Used models of which one rooftop holds far too many while a sister store keeps running out.

    ``excess`` is how many times its demand would ask for the over-stocked rooftop aims to hold.
    """

    models: tuple[str, ...]
    over_store: str
    short_store: str
    excess: float


STORES = (
    Store("Lakeshore Toyota (sample)", "T", "Toyota", 0.50, 76, UsedSource(1.0, 3.0, "Toyota")),
    Store("Lakeshore Honda (sample)", "H", "Honda", 0.48, 70.5, UsedSource(1.0, 3.2, "Honda")),
    Store("Lakeshore Value Cars (sample)", "V", None, 0.0, 73.0, UsedSource(3.0, 6.0, None)),
)
IMBALANCES = (
    Imbalance(("F-150", "Silverado 1500", "1500"), STORES[0].name, STORES[2].name, 5.5),
    Imbalance(("RAV4", "Camry"), STORES[1].name, STORES[0].name, 8.5),
)
UNDER_STOCKED, ALLOCATED = 0.2, 0.55
# The rooftop that runs short is the one whose buyers want these models most.
_SOUGHT_AFTER = 1.7


def lines_of(store: Store) -> tuple[Line, ...]:
    """Return the lines a rooftop trades in; the weights sum to one."""
    franchised = [model for model in CATALOGUE if model.make == store.franchise]
    new = [(model, model.new_popularity) for model in franchised if model.new_popularity]
    used = [(model, _used_appeal(store, model)) for model in CATALOGUE if model.popularity]
    return (*_weighted(new, store.new_share, new=True), *_weighted(used, 1.0 - store.new_share, new=False))


def stocking_factor(store: Store, line: Line) -> float:
    """Return how far the rooftop's stock departs from what its demand for a line asks (1.0: in balance)."""
    if line.new and line.model.name in STOCKED_OUT:
        return ALLOCATED
    for imbalance in IMBALANCES:
        if line.new or line.model.name not in imbalance.models:
            continue
        if store.name == imbalance.over_store:
            return imbalance.excess
        if store.name == imbalance.short_store:
            return UNDER_STOCKED
    return 1.0


def _used_appeal(store: Store, model: Model) -> float:
    short = any(store.name == each.short_store and model.name in each.models for each in IMBALANCES)
    appeal = model.popularity * (_SOUGHT_AFTER if short else 1.0)
    if store.franchise is None:
        return appeal * _LUXURY.get(model.make, 1.0)
    return appeal * (_OWN_MAKE if model.make == store.franchise else _OTHER_MAKE)


def _weighted(appeals: list[tuple[Model, float]], share: float, *, new: bool) -> list[Line]:
    total = sum(appeal for _, appeal in appeals)
    return [Line(model, new, share * appeal / total) for model, appeal in appeals]
