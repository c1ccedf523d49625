"""Between the rules that dealers set and recommend's own: a rooftop's over its tenant's, all over what is learned."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.recommend.domain import AgeOut, BrandRule, Lane, Parameters, Rooftop, Rules, SegmentRule

Documents = Mapping[UUID, tuple[int, Mapping[str, Any]]]
"""Version and document of the rules by dealer id; all zeros is the tenant's default."""

TENANT_DEFAULT = UUID(int=0)
_KEYS = {"brands": ("brand",), "segments": ("segment",), "lanes": ("from_dealer_id", "to_dealer_id")}
_PARAMETERS = (
    "floorplan_line", "floorplan_apr", "overhead_per_day", "lot_slots", "minimum_presence", "floor_to_market",
    "floor_to_cost", "maximum_cut", "ceiling_to_market", "cooling_days", "transport_cost", "transport_days",
)  # fmt: skip


def rules_for(documents: Documents, dealer_id: UUID) -> tuple[int, dict[str, Any]]:
    """Lay a rooftop's rules over the tenant's, lists entry by entry; gives the version of the nearer ones."""
    default_version, default = documents.get(TENANT_DEFAULT, (0, {}))
    version, own = documents.get(dealer_id, (default_version, {}))
    merged = {**default, **own}
    for name, keys in _KEYS.items():
        entries = {tuple(each[key] for key in keys): each for part in (default, own) for each in part.get(name, ())}
        merged[name] = list(entries.values())
    return version, merged


def overrides_of(ruled: Mapping[str, Any], learned: Mapping[str, float]) -> tuple[dict[str, float], tuple[str, ...]]:
    """Give the parameters that rules fix, and in words what of them contradicts itself.

    A rule wins over whatever else: a ceiling below a floor that nobody ruled takes that floor down with it,
    and the other way round.
    """
    fixed = {name: float(ruled[name]) for name in _PARAMETERS if ruled.get(name) is not None}
    floor = fixed.get("floor_to_market", learned.get("floor_to_market", Parameters().floor_to_market))
    ceiling = fixed.get("ceiling_to_market", learned.get("ceiling_to_market", Parameters().ceiling_to_market))
    if floor <= ceiling:
        return fixed, ()
    if "floor_to_market" not in fixed:
        return {**fixed, "floor_to_market": ceiling}, ()
    if "ceiling_to_market" not in fixed:
        return {**fixed, "ceiling_to_market": floor}, ()
    said = f"rules clash: price floor of {floor:.0%} of market above a ceiling of {ceiling:.0%}; the floor holds"
    return {**fixed, "ceiling_to_market": floor}, (said,)


def rules_of(ruled: Mapping[str, Any], dealer_id: str) -> Rules:
    """Read the rules of one rooftop that are no parameter."""
    return Rules(
        brands={each["brand"]: BrandRule(**_without(each, "brand")) for each in ruled.get("brands", ())},
        segments={each["segment"]: SegmentRule(**_without(each, "segment")) for each in ruled.get("segments", ())},
        lanes={
            each["to_dealer_id"]: Lane(
                cost=None if each.get("cost") is None else float(each["cost"]),
                days=each.get("days"),
                is_open=each.get("open", True),
            )
            for each in ruled.get("lanes", ())
            if each["from_dealer_id"] == dealer_id
        },
        min_days_supply=ruled.get("min_days_supply"),
        max_days_supply=ruled.get("max_days_supply"),
        max_age_days=ruled.get("max_age_days"),
        age_out=AgeOut(ruled["age_out"]) if ruled.get("age_out") else None,
        transfers=ruled.get("transfers", True),
        hold_out_share=ruled.get("hold_out_share", 0.0),
    )


def brand_sales_of(
    rooftops: Sequence[Rooftop], sales: Iterable[Mapping[str, Any]], as_of: date
) -> dict[tuple[str, str], int]:
    """Sum new units sold by rooftop and brand over the days that the brand's rule counts."""
    since = {
        (rooftop.dealer_id, brand): as_of - timedelta(days=rule.sales_days)
        for rooftop in rooftops
        for brand, rule in rooftop.rules.brands.items()
        if rule.pool_units is not None
    }
    sums = dict.fromkeys(since, 0)
    for row in sales:
        key = (str(row["dealer_id"]), row["brand"])
        if key in since and row["exit_date"] > since[key]:
            sums[key] += row["units"]
    return sums


def _without(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != name}
