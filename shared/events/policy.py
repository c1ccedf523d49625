"""policy-updated: the parameters a rooftop's advice is computed with, and the rules it has to keep."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events.base import Event, Money

Share = Annotated[float, Field(gt=0, le=1)]
Units = Annotated[int, Field(ge=0, le=100_000)]
Days = Annotated[int, Field(ge=1, le=730)]


class Rule(BaseModel):
    """A part of the rules: what is absent is not ruled."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class BrandRule(Rule):
    """What holds for one make, new and used together, but allocation, which is of new units only.

    ``pool_units`` is what the maker shares out by sales over ``sales_days`` (turn and earn), ``pool_sales``
    what every store in the pool sold in them, this one included.
    """

    brand: Annotated[str, Field(min_length=1, max_length=80)]
    """The make as segments spell it, such as ``toyota``."""
    max_units: Units | None = None
    max_share: Share | None = None
    allocation: Units | None = None
    pool_units: Units | None = None
    pool_sales: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    sales_days: Annotated[int, Field(ge=7, le=180)] = 90

    @model_validator(mode="after")
    def _pool_is_whole(self) -> "BrandRule":
        if (self.pool_units is None) != (self.pool_sales is None):
            message = "pool_units and pool_sales belong together: give both or neither"
            raise ValueError(message)
        return self


class SegmentRule(Rule):
    """What holds for one segment, such as ``used/ford/f150``; shares are of the rooftop's units."""

    segment: Annotated[str, Field(pattern=r"^(new|used)/[^/]+/[^/]+$", max_length=200)]
    max_units: Units | None = None
    max_share: Share | None = None
    minimum_presence: Annotated[int, Field(ge=0, le=100)] | None = None

    @model_validator(mode="after")
    def _presence_fits(self) -> "SegmentRule":
        if None not in (self.minimum_presence, self.max_units) and self.minimum_presence > self.max_units:  # type: ignore[operator]
            message = f"minimum_presence ({self.minimum_presence}) is above max_units ({self.max_units})"
            raise ValueError(message)
        return self


class LaneRule(Rule):
    """The way from one rooftop to another: its cost per unit in the sender's currency, its days, or closed."""

    from_dealer_id: UUID
    to_dealer_id: UUID
    cost: Annotated[Money, Field(ge=0, le=20_000)] | None = None
    days: Annotated[int, Field(ge=0, le=60)] | None = None
    open: bool = True


class PolicyRules(Rule):
    """A dealer's rules: hard, never learned. What is absent follows the tenant's default, then DOSO's."""

    floorplan_line: Annotated[Money, Field(ge=0, le=10**11)] | None = None
    floorplan_apr: Annotated[float, Field(ge=0, le=0.5)] | None = None
    overhead_per_day: Annotated[Money, Field(ge=0, le=1_000)] | None = None
    lot_slots: Units | None = None
    minimum_presence: Annotated[int, Field(ge=0, le=100)] | None = None
    """Units to have of every segment that has sold here."""
    brands: Annotated[tuple[BrandRule, ...], Field(max_length=100)] = ()
    segments: Annotated[tuple[SegmentRule, ...], Field(max_length=500)] = ()
    min_days_supply: Annotated[float, Field(ge=0, le=365)] | None = None
    max_days_supply: Annotated[float, Field(ge=1, le=730)] | None = None
    floor_to_market: Annotated[float, Field(ge=0.3, le=1.5)] | None = None
    floor_to_cost: Annotated[float, Field(ge=0, le=2)] | None = None
    maximum_cut: Annotated[float, Field(gt=0, le=1)] | None = None
    """The most that one step may take off a price, as a share of it; down to the market a price may go at once."""
    ceiling_to_market: Annotated[float, Field(ge=0.5, le=3)] | None = None
    cooling_days: Annotated[int, Field(ge=0, le=90)] | None = None
    max_age_days: Days | None = None
    """A used unit older than this has to be dealt with by ``age_out``."""
    age_out: Literal["wholesale", "reprice"] | None = None
    transfers: bool | None = None
    transport_cost: Annotated[Money, Field(ge=0, le=20_000)] | None = None
    transport_days: Annotated[int, Field(ge=0, le=60)] | None = None
    lanes: Annotated[tuple[LaneRule, ...], Field(max_length=900)] = ()
    hold_out_share: Annotated[float, Field(ge=0, le=0.5)] | None = None
    """Share of advice that is logged and not shown, so that what advice brings can be measured."""

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> "PolicyRules":
        for low, high in (("floor_to_market", "ceiling_to_market"), ("min_days_supply", "max_days_supply")):
            least, most = getattr(self, low), getattr(self, high)
            if least is not None and most is not None and least > most:
                message = f"{low} ({least:g}) is above {high} ({most:g})"
                raise ValueError(message)
        return self


class PolicyUpdated(Event):
    """A version of a rooftop's learned parameters, each with what it was before and why it moved.

    Where ``kind`` is rules it is instead a version of the rules a dealer set, whole; ``dealer_id`` is then
    all zeros for the tenant's default. Versions count per kind and dealer.
    """

    policy_version: int
    previous_version: int
    status: Literal["active", "rolled_back"] = "active"
    parameters: dict[str, float]
    previous: dict[str, float]
    evidence_count: int
    reason: str
    kind: Literal["learned", "rules"] = "learned"
    rules: PolicyRules | None = None
