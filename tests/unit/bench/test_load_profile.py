"""The load profile sends what dealers would, at the rate it says, and finds the rate that a system holds."""

import asyncio
import io
import json
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench.load_profile import trial as trial_module
from bench.load_profile.backlog import Backlog
from bench.load_profile.burst import Burst
from bench.load_profile.probes import Seen
from bench.load_profile.profile import Profile
from bench.load_profile.report import table
from bench.load_profile.search import CLOSE_ENOUGH, highest_held, next_rate
from bench.load_profile.sending import Sent, send_at
from bench.load_profile.tenants import Tenant
from bench.load_profile.traffic import TURNOVER, Traffic
from bench.load_profile.trial import CALM_LOOKS, GENERATOR, Bench, Reading, Trial, Weighing
from bench.load_profile.usage import read_processor, read_resident
from bench.progress import Steps
from services.gateway.api.principal import Principal
from services.gateway.ingest import accept, parse
from services.gateway.store.accounts import Dealer

DEALERS = [str(UUID(int=number)) for number in range(1, 4)]


@pytest.fixture
def traffic():
    made = Traffic(DEALERS, 40, "urn:dms:test")
    return made, list(made.first_stock())


def test_the_gateway_accepts_all_of_it_once(traffic):
    tenant = uuid4()
    dealers = {UUID(each): Dealer(tenant, UUID(each), "Store", "USD", "US-MI", "UTC") for each in DEALERS}
    sender, later = Principal(tenant, "key", "dms", None), datetime.now(UTC) + timedelta(seconds=5)
    made, opening = traffic
    lines = [*opening, *made.reports(2_000).split(b"\n")]
    accepted = [accept(parse(line), sender, dealers, later) for line in lines]
    assert len({event.event_id for event in accepted}) == 2_120
    times = [event.occurred_at for event in accepted]
    assert times == sorted(set(times))


def test_stock_stays_as_it_is_and_each_life_is_in_order(traffic):
    made, opening = traffic
    lives = defaultdict(list)
    events = [json.loads(line) for line in [*opening, *made.reports(5_000).split(b"\n")]]
    for event in events:
        lives[event["subject"]].append(event["type"])
    for kinds in lives.values():
        assert kinds[0] == "vehicle.stocked"
        assert kinds.count("vehicle.stocked") == 1
        assert "vehicle.sold" not in kinds[:-1]
    in_stock = Counter(event["dealerid"] for event in events if event["type"] == "vehicle.stocked")
    in_stock.subtract(event["dealerid"] for event in events if event["type"] == "vehicle.sold")
    assert all(39 <= count <= 41 for count in in_stock.values()), in_stock
    shares = Counter(event["type"] for event in events[120:])
    assert shares["vehicle.sold"] / 5_000 == pytest.approx(TURNOVER, abs=0.02)
    assert shares["vehicle.priced"] / 5_000 == pytest.approx(0.60, abs=0.03)


def test_a_vehicle_set_aside_is_reported_on_no_more(traffic):
    made, _ = traffic
    aside = {vehicle.vin for vehicle in made.set_aside(30)}
    assert aside.isdisjoint(json.loads(line)["subject"] for line in made.reports(2_000).split(b"\n"))


@pytest.fixture
async def gateway():
    """A server that takes events in, body by body."""
    bodies = defaultdict(list)

    async def answer(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                bodies[fields["x-api-key"]].append(await reader.readexactly(int(fields["content-length"])))
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", bodies


async def test_each_tenants_reports_arrive_in_order_and_all_are_counted(gateway):
    url, bodies = gateway
    tenants = []
    for number in range(3):
        made = Traffic([DEALERS[number]], 20, f"urn:dms:{number}")
        list(made.first_stock())
        tenants.append(Tenant(uuid4(), f"key{number}", made))
    sent = Sent()
    await send_at(url, tenants, 1_000, 0.5, sent)
    assert (sent.due, sent.acknowledged, sent.unsent) == (500, 500, 0)
    assert len(sent.took) == 5
    for number, tenant in enumerate(tenants):
        events = [json.loads(line) for body in bodies[tenant.api_key] for line in body.split(b"\n")]
        assert {event["dealerid"] for event in events} == {DEALERS[number]}
        assert [event["time"] for event in events] == sorted(event["time"] for event in events)


@dataclass(frozen=True)
class Tried:
    rate: float
    limit: float

    @property
    def holds(self) -> bool:
        return self.rate <= self.limit

    @property
    def capacity(self) -> float:
        return min(self.rate, self.limit)


@given(st.floats(300, 6_000))
def test_the_search_ends_just_below_what_the_system_holds(limit):
    tried: list[Tried] = []
    while (rate := next_rate(tried)) is not None:
        tried.append(Tried(rate, limit))
        assert len(tried) <= 8
    assert limit / CLOSE_ENOUGH <= highest_held(tried) <= limit


def test_nothing_held_is_nought():
    assert highest_held([Tried(1_000, 10), Tried(300, 10)]) == 0


def trial(waiting: list[int], *, rate: float = 1_000, **changed) -> Trial:
    readings = tuple(Reading(float(second), count) for second, count in enumerate(waiting))
    weighings = tuple(
        Weighing(second * 5.0, {"inventory": 100 + second, **({"inventory workers": 50.0} if second else {})})
        for second in range(4)
    )
    known = {"inventory": 2.0, "PostgreSQL": 1.0, GENERATOR: 5.0}
    values = {"acknowledged": 10_000, "drain_seconds": 0.0, "processor": known, "seconds": float(len(waiting))}
    values["overdue"] = {"forecast series": 3.0, "recommend reviews": 12.0}
    return Trial(rate=rate, readings=readings, weighings=weighings, **{**values, **changed})


def test_a_backlog_that_grows_does_not_hold_and_tells_what_was_worked_off():
    grew = trial([400 * second for second in range(12)])
    assert (grew.holds, grew.growth, grew.capacity) == (False, pytest.approx(400), pytest.approx(600))


@pytest.mark.parametrize("waiting", [[5_000] * 12, [0, 900, 100] * 4, [9_000 - 100 * second for second in range(12)]])
def test_a_backlog_that_stays_or_shrinks_holds(waiting):
    assert trial(waiting).holds


def test_a_window_without_readings_cannot_tell():
    with pytest.raises(ValueError, match="longer window"):
        _ = trial([1]).growth


class Catching:
    """A backlog that is read ever again: events that wait, and how long computing has."""

    def __init__(self, readings):
        self.readings = iter(readings)
        self.taken = 0

    async def overdue(self):
        self.taken += 1
        self.waiting, waited = next(self.readings)
        return {"recommend review": waited} if waited else {}

    async def read(self):
        return Backlog({"gateway": self.waiting}, {})


async def test_computing_has_caught_up_once_nothing_has_waited_for_a_while(monkeypatch):
    """What was computed is published, and is work for others then."""
    monkeypatch.setattr(trial_module, "LOOK_SECONDS", 0.0)
    calm, busy, behind = (0, 0.0), (0, 30.0), (1_000, 0.0)
    backlog = Catching([busy, calm, busy, calm, behind, *[calm] * (CALM_LOOKS + 1)])
    await Bench(None, (), backlog, Steps(Console(file=io.StringIO()))).computed()
    assert backlog.taken == 5 + CALM_LOOKS


def test_the_table_holds_figures_against_their_marks():
    seen = Seen(acknowledged=[0.01] * 100, visible=[0.2] * 100, due_to_visible=[0.3] * 99 + [2.0])
    steady, soak = trial([0] * 12, rate=200), trial([0] * 12, rate=800)
    burst = Burst(200, 2_000, 20.0, ((0.0, 10), (1.0, 12_000)))
    late = Seen(acknowledged=[0.01], visible=[1.8], due_to_visible=[1.9])
    trials = (trial([0] * 12), trial([400 * second for second in range(12)]))
    made = table(Profile(trials, 1_000, (steady, late), (steady, seen), (soak, seen), burst))
    rows = {row.name: row for row in made.rows}
    assert rows["sustained without growing lag"].met is False
    assert rows["visible at 200 events/s, p50"].figure.median == pytest.approx(300)
    assert rows["visible at 200 events/s, p99"].met is True
    caught_up = rows["visible at 200 events/s beside what was put off, p99"]
    assert (caught_up.figure.median, caught_up.met) == (pytest.approx(1_900), None), "it is told, and has no mark"
    assert rows["processor time at 800 events/s"].figure.median == pytest.approx(300), "what sends is left out"
    assert rows["computing put off at 800 events/s"].figure.median == pytest.approx(12)
    assert rows["computing put off at 800 events/s"].detail == "recommend reviews 12, forecast series 3"
    assert rows["memory in half an hour: inventory"].figure.median == pytest.approx(360)
    assert rows["memory in half an hour: inventory"].met is None, "so short a soak shows nothing"
    assert rows["memory in half an hour: inventory workers"].figure.median == pytest.approx(0, abs=1e-6)
    assert rows["drained after 10x for 10 s"].limits[0].value.median == pytest.approx(12.5)


def test_processor_time_includes_children_that_have_ended():
    burn = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    parent = f"import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {burn!r}])\nprint(time.process_time(), flush=True)\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        own = float(process.stdout.readline())
        used = read_processor({"inventory": process.pid}).seconds
        assert used["inventory workers"] >= 0.3
        assert used["inventory"] == pytest.approx(own, abs=0.1), "and theirs are not its own"
        assert read_resident({"inventory": process.pid})["inventory"] > 1
        process.communicate(b"")
