"""The rules that advice has to keep: a default for the tenant, and what a rooftop does otherwise."""

from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator, model_validator

from services.gateway.api.principal import Gate, GateDep, Principal, allow
from services.gateway.api.problems import PROBLEM_RESPONSES, FieldError, ProblemError, documented
from services.gateway.store import accounts, policies
from services.gateway.store.policies import TENANT_DEFAULT, RulesVersion
from shared.events import PolicyRules, PolicyUpdated, deterministic_id, segment_key
from shared.events.segment import NO_NAME
from shared.postgres.pool import Connection

router = APIRouter(prefix="/policies", tags=["policies"], responses=PROBLEM_RESPONSES)
Ruler = Annotated[Principal, Depends(allow("admin", "manager"))]
"""Who may see and set rules."""
_KEYS = {"brands": ("brand",), "segments": ("segment",), "lanes": ("from_dealer_id", "to_dealer_id")}


class RulesIn(PolicyRules):
    """Rules as they are set: whole, each name known; what is absent follows the tenant's default, then DOSO's."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "floorplan_line": "4500000.00",
                    "lot_slots": 180,
                    "brands": [{"brand": "Toyota", "allocation": 12}],
                    "segments": [{"segment": "used/toyota/camry", "minimum_presence": 2}],
                    "max_age_days": 90,
                    "age_out": "wholesale",
                }
            ]
        },
    )

    @model_validator(mode="before")
    @classmethod
    def _names_are_known(cls, raw: Any) -> Any:
        unknown = sorted(_unknown(raw))
        if unknown:
            message = f"unknown: {', '.join(unknown)}; what is not a rule would be silently without effect"
            raise ValueError(message)
        return raw

    @field_validator("brands")
    @classmethod
    def _brands_as_segments_spell_them(cls, brands: Any) -> Any:
        spelled = [(rule, segment_key("new", rule.brand, "x").split("/")[1]) for rule in brands]
        _refuse_blank(rule.brand for rule, brand in spelled if brand == NO_NAME)
        return tuple(rule.model_copy(update={"brand": brand}) for rule, brand in spelled)

    @field_validator("segments")
    @classmethod
    def _segments_as_they_are_keyed(cls, segments: Any) -> Any:
        spelled = [(rule, segment_key(*rule.segment.split("/"))) for rule in segments]
        _refuse_blank(rule.segment for rule, segment in spelled if NO_NAME in segment.split("/"))
        return tuple(rule.model_copy(update={"segment": segment}) for rule, segment in spelled)

    @field_validator(*_KEYS)
    @classmethod
    def _each_once(cls, rules: Any, info: ValidationInfo) -> Any:
        keys = [tuple(str(getattr(rule, name)) for name in _KEYS[info.field_name or ""]) for rule in rules]
        twice = sorted({" to ".join(key) for key in keys if keys.count(key) > 1})
        if twice:
            message = f"named more than once: {', '.join(twice)}"
            raise ValueError(message)
        return rules


def _refuse_blank(names: Iterable[str]) -> None:
    if blank := [repr(name) for name in names]:
        message = f"names no make or model: {', '.join(blank)}"
        raise ValueError(message)


class RulesOut(BaseModel):
    """The rules of a scope; ``version`` 0 where none were ever set. ``effective`` has the defaults merged in."""

    dealer_id: UUID | None
    version: int
    rules: dict[str, Any]
    effective: dict[str, Any]
    set_by: str | None = None
    set_at: datetime | None = None
    clashes: list[dict[str, Any]] = []


@router.get("")
async def read_rules(person: Ruler, gate: GateDep, response: Response, dealer_id: UUID | None = None) -> RulesOut:
    """Read a rooftop's rules, or without ``dealer_id`` the tenant's default; ``ETag`` is the version."""
    scope = await _scope(gate, person, dealer_id)
    async with gate.work.begin(person.tenant_id) as tx:
        default = await policies.newest(tx.connection, TENANT_DEFAULT)
        own = default if scope == TENANT_DEFAULT else await policies.newest(tx.connection, scope)
        clashing = await policies.clashes(tx.connection, person.scope(dealer_id))
    response.headers["ETag"] = f'"{own.version if own else 0}"'
    return _out(scope, own, default, clashing)


@router.put("", responses=documented(409))
async def set_rules(
    body: RulesIn,
    person: Ruler,
    gate: GateDep,
    response: Response,
    dealer_id: UUID | None = None,
    if_match: Annotated[
        str | None, Header(description='The version this replaces, such as "3"; "0" for none')
    ] = None,
) -> RulesOut:
    """Set a rooftop's rules, or without ``dealer_id`` the tenant's default; they replace the version named."""
    scope = await _scope(gate, person, dealer_id)
    if scope == TENANT_DEFAULT and person.dealer_ids is not None:
        message = "The tenant's default concerns every rooftop; somebody who is in charge of some cannot set it."
        raise ProblemError(HTTPStatus.FORBIDDEN, message)
    replaced = _version_of(if_match)
    await _check_lanes(gate, person, body)
    rules = body.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    version = RulesVersion(scope, replaced + 1, rules, person.actor, datetime.now(UTC))
    async with gate.work.begin(person.tenant_id) as tx:
        known = await policies.newest(tx.connection, scope)
        present = known.version if known else 0
        if present != replaced or not await policies.add(tx.connection, person.tenant_id, version):
            message = f"These rules are at version {present}, not {replaced}: read them again, then set them."
            raise ProblemError(HTTPStatus.CONFLICT, message)
        default = version if scope == TENANT_DEFAULT else await policies.newest(tx.connection, TENANT_DEFAULT)
        await _check_merged(tx.connection, version, default)
        tx.emit(_announcement(person, version))
        await accounts.write_audit(
            tx.connection, person.tenant_id, person.actor, "policy.set", str(dealer_id or "tenant"),
            {"version": version.version, "rules": rules},
        )  # fmt: skip
    response.headers["ETag"] = f'"{version.version}"'
    return _out(scope, version, default, [])


@router.get("/history")
async def read_history(
    person: Ruler,
    gate: GateDep,
    dealer_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[int | None, Query(ge=1)] = None,
) -> dict[str, Any]:
    """Read the versions of a scope's rules, newest first, with who set them and when."""
    scope = await _scope(gate, person, dealer_id)
    async with gate.work.begin(person.tenant_id) as tx:
        found = await policies.history(tx.connection, scope, before=cursor, limit=limit + 1)
    items = [
        {"dealer_id": dealer_id, "version": each.version, "rules": each.rules,
         "set_by": each.set_by, "set_at": each.set_at}
        for each in found[:limit]
    ]  # fmt: skip
    return {"items": items, "next_cursor": found[limit - 1].version if len(found) > limit else None}


async def _scope(gate: Gate, person: Principal, dealer_id: UUID | None) -> UUID:
    if dealer_id is None:
        return TENANT_DEFAULT
    return (await gate.dealer(person, dealer_id)).dealer_id


def _version_of(if_match: str | None) -> int:
    text = (if_match or "").strip().removeprefix("W/").strip('"')
    if text.isascii() and text.isdigit() and len(text) < len(str(2**62)):
        return int(text)
    message = 'name the version these rules replace, as read from ETag, such as "3"; "0" where none were ever set'
    raise ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The header If-Match is missing or not a version.",
        errors=[FieldError(field="header.if-match", message=message)],
    )


async def _check_lanes(gate: Gate, person: Principal, rules: PolicyRules) -> None:
    known = await gate.dealers(person.tenant_id)
    errors = [
        FieldError(field=f"body.lanes.{place}.{name}", message=f"no dealer {getattr(lane, name)} here")
        for place, lane in enumerate(rules.lanes)
        for name in ("from_dealer_id", "to_dealer_id")
        if getattr(lane, name) not in known
    ]
    if errors:
        problem = ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "A lane names a dealer that is not here.", errors=errors
        )
        problem.missing = ("dealer", errors[0].message.split()[2])
        raise problem


async def _check_merged(connection: Connection, version: RulesVersion, default: RulesVersion | None) -> None:
    """Refuse rules that contradict each other only once default and override are laid over one another."""
    concerned = await policies.overrides(connection) if version.dealer_id == TENANT_DEFAULT else [version]
    for each in concerned:
        try:
            PolicyRules.model_validate(merged(default.rules if default else {}, each.rules))
        except ValidationError as error:
            errors = [
                FieldError(field=".".join(("body", *map(str, item["loc"]))), message=item["msg"])
                for item in error.errors()
            ]
            message = f"With the tenant's default, the rules of dealer {each.dealer_id} would contradict themselves."
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, message, errors=errors) from error


def merged(default: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lay a rooftop's rules over the tenant's; lists entry by entry, by what each entry is about."""
    result = {**default, **own}
    for name, keys in _KEYS.items():
        entries = {tuple(each[key] for key in keys): each for rules in (default, own) for each in rules.get(name, ())}
        if entries:
            result[name] = list(entries.values())
    return result


def _announcement(person: Principal, version: RulesVersion) -> PolicyUpdated:
    return PolicyUpdated(
        event_id=deterministic_id("policy-rules", person.tenant_id, version.dealer_id, version.version),
        occurred_at=version.set_at,
        tenant_id=person.tenant_id,
        dealer_id=version.dealer_id,
        policy_version=version.version,
        previous_version=version.version - 1,
        parameters={},
        previous={},
        evidence_count=0,
        reason=f"set by {person.actor}",
        kind="rules",
        rules=PolicyRules.model_validate(version.rules),
    )


def _out(
    scope: UUID, own: RulesVersion | None, default: RulesVersion | None, clashing: list[dict[str, Any]]
) -> RulesOut:
    rules = own.rules if own else {}
    return RulesOut(
        dealer_id=None if scope == TENANT_DEFAULT else scope,
        version=own.version if own else 0,
        rules=rules,
        effective=merged(default.rules if default else {}, rules),
        set_by=own.set_by if own else None,
        set_at=own.set_at if own else None,
        clashes=clashing,
    )


def _unknown(raw: Any, model: type[BaseModel] = PolicyRules, path: str = "") -> list[str]:
    """List the names in a body that are not fields, those of its lists' entries too."""
    if not isinstance(raw, dict):
        return []
    entries = {"brands": "BrandRule", "segments": "SegmentRule", "lanes": "LaneRule"}
    unknown = [f"{path}{name}" for name in raw if name not in model.model_fields]
    if model is PolicyRules:
        for name in entries:
            kind = model.model_fields[name].annotation.__args__[0]  # type: ignore[union-attr]
            listed = raw.get(name)  # whatever else it is, the field's own type says
            for place, entry in enumerate(listed if isinstance(listed, list) else ()):
                unknown += _unknown(entry, kind, f"{name}.{place}.")
    return unknown
