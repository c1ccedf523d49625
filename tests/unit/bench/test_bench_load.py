"""The load is what a dealer group's systems would really send."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from bench.load import MIX, dms_load, ndjson
from services.gateway.api.principal import Principal
from services.gateway.ingest import accept, parse
from services.gateway.store.accounts import Dealer

DEALERS = [str(UUID(int=number)) for number in range(1, 6)]
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def test_the_mix_is_exact():
    events = dms_load(DEALERS, 2_000, run="a", end=NOW).events
    counts = Counter(event["type"] for event in events)
    assert counts == {kind: share * 2_000 for kind, share in MIX.items()}


def test_a_vehicle_is_stocked_before_anything_else_and_sold_after_everything():
    lives = defaultdict(list)
    for event in dms_load(DEALERS, 2_000, run="a", end=NOW).events:
        lives[event["data"]["vin"]].append(event["type"])
    assert len(lives) == 200
    for kinds in lives.values():
        assert kinds[0] == "vehicle.stocked"
        assert kinds.count("vehicle.stocked") == 1
        assert "vehicle.sold" not in kinds[:-1]


def test_times_grow_up_to_the_end():
    times = [datetime.fromisoformat(e["time"]) for e in dms_load(DEALERS, 400, run="a", end=NOW).events]
    assert times == sorted(set(times))
    assert times[-1] == NOW


def test_the_gateway_accepts_every_event_once():
    tenant = uuid4()
    dealers = {UUID(each): Dealer(tenant, UUID(each), "Store", "USD", "US-MI", "UTC") for each in DEALERS}
    sender = Principal(tenant, "key", "dms", None)
    body = next(ndjson(dms_load(DEALERS, 400, run="a", end=NOW).events, 400))
    accepted = [accept(parse(line), sender, dealers, NOW + timedelta(seconds=1)) for line in body.split(b"\n")]
    assert len({event.event_id for event in accepted}) == 400


def test_runs_of_different_names_share_no_vehicle_and_equal_ones_are_equal():
    vins = [{e["subject"] for e in dms_load(DEALERS, 400, run=run, end=NOW).events} for run in "ab"]
    assert not vins[0] & vins[1]
    assert dms_load(DEALERS, 400, run="a", end=NOW) == dms_load(DEALERS, 400, run="a", end=NOW)


def test_each_store_has_one_connection_and_keeps_its_order():
    load = dms_load(DEALERS, 400, run="a", end=NOW)
    lanes = load.by_connection(DEALERS, 2)
    stores = [{event["dealerid"] for event in lane} for lane in lanes]
    assert not stores[0] & stores[1]
    assert sum(map(len, lanes)) == 400
    for lane in lanes:
        assert [event["time"] for event in lane] == sorted(event["time"] for event in lane)


def test_a_count_that_the_mix_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="twentieths"):
        dms_load(DEALERS, 401, run="a", end=NOW)


def test_ndjson_is_cut_at_the_size():
    events = dms_load(DEALERS, 100, run="a", end=NOW).events
    assert [body.count(b"\n") + 1 for body in ndjson(events, 30)] == [30, 30, 30, 10]
