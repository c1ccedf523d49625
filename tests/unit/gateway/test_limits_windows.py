"""Rates: what fits into a sliding window, what is told of it, and whose window it is."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import parse
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from prometheus_client import CollectorRegistry

from services.gateway.limits.addresses import Addresses
from services.gateway.limits.limiter import CountersAway, Limiter
from services.gateway.limits.metrics import make_limit_metrics
from services.gateway.limits.routes import RouteClass, classify
from services.gateway.limits.settings import LimitSettings
from services.gateway.limits.windows import BoundedMemory, Window


class Clock:
    def __init__(self, now: float = 1_000_000_020.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def limiter(clock: Clock, **settings: object) -> tuple[Limiter, CollectorRegistry]:
    registry = CollectorRegistry()
    return Limiter(LimitSettings(**settings), make_limit_metrics(registry), clock=clock), registry  # type: ignore[arg-type]


async def test_a_rate_lets_in_so_many_and_no_more_and_says_when_again() -> None:
    clock = Clock()
    counted, registry = limiter(clock, reads_per_address="3/minute")
    verdicts = [await counted.hit(RouteClass.READS, "address", "192.0.2.1") for _ in range(4)]
    assert [(v.allowed, v.window.remaining) for v in verdicts if v] == [(True, 2), (True, 1), (True, 0), (False, 0)]
    refused = verdicts[-1]
    assert refused is not None
    assert refused.header == f'"reads-address";r=0;t={refused.wait}'
    clock.now += refused.wait - 1
    again = await counted.hit(RouteClass.READS, "address", "192.0.2.1")
    assert again is not None
    assert not again.allowed
    clock.now += 1
    assert (await counted.hit(RouteClass.READS, "address", "192.0.2.1")).allowed  # type: ignore[union-attr]
    assert (await counted.hit(RouteClass.READS, "address", "192.0.2.2")).allowed  # type: ignore[union-attr]
    labels = {"service": "gateway", "route_class": "reads", "partition": "address"}
    assert registry.get_sample_value("doso_requests_limited_total", labels) == 2


async def test_what_was_used_up_comes_back_bit_by_bit_and_never_doubly() -> None:
    clock = Clock(1_000_000_000.0 - 1_000_000_000.0 % 60 + 59)
    counted, _ = limiter(clock, reads_per_address="60/minute")
    for _ in range(60):
        await counted.hit(RouteClass.READS, "address", "a")
    clock.now += 2  # into the next window, where a fixed one would let 60 more in at once
    let_in = 0
    while (await counted.hit(RouteClass.READS, "address", "a")).allowed:  # type: ignore[union-attr]
        let_in += 1
    assert let_in <= 2
    clock.now += 30
    while (await counted.hit(RouteClass.READS, "address", "a")).allowed:  # type: ignore[union-attr]
        let_in += 1
    assert 28 <= let_in <= 32


@given(
    limit=st.integers(1, 50), seconds=st.integers(1, 100), previous=st.integers(0, 50), current=st.integers(0, 50),
    left=st.floats(0.01, 1.0),
)  # fmt: skip
def test_waiting_as_told_is_enough_and_a_second_less_is_not(
    limit: int, seconds: int, previous: int, current: int, left: float
) -> None:
    def after(wait: float) -> Window:
        if wait < window.left:
            return Window(limit, seconds, window.previous, window.current, window.left - wait)
        return Window(limit, seconds, window.current, 0, max(0.0, window.left + seconds - wait))

    window = Window(limit, float(seconds), min(previous, limit), min(current, limit), left * seconds)
    if window.wait == 0:
        assert window.remaining > 0
        return
    assert after(window.wait + 1e-6).remaining > 0
    if window.wait > 1:
        assert after(window.wait - 1).remaining == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from("ab")), max_size=60))
async def test_the_bounded_memory_counts_as_the_librarys_own_strategy_expects(hits: list[tuple[float, str]]) -> None:
    clock = Clock()
    strategy = SlidingWindowCounterRateLimiter(BoundedMemory(10, clock))
    rate = parse("5 per 20 second")
    taken: dict[str, list[float]] = {"a": [], "b": []}
    for pause, who in hits:
        clock.now += pause
        if await strategy.hit(rate, who):
            taken[who].append(clock.now)
    for times in taken.values():
        for moment in times:  # two neighbouring windows at most: never twice the rate in any stretch of its length
            assert sum(moment <= other < moment + 20 for other in times) < 10


async def test_memory_holds_a_fixed_number_of_counters_and_forgets_the_least_used() -> None:
    clock = Clock()
    memory = BoundedMemory(100, clock)
    await memory.acquire_sliding_window_entry("kept", 5, 60)
    for number in range(1000):
        await memory.acquire_sliding_window_entry(f"address {number}", 5, 60)
        await memory.acquire_sliding_window_entry("kept", 5000, 60)
    assert len(memory) == 100
    assert (await memory.get_sliding_window("kept", 60))[2] == 1001
    assert (await memory.get_sliding_window("address 1", 60))[2] == 0


async def test_without_redis_reads_go_on_counted_locally_and_signing_in_does_not() -> None:
    clock = Clock()
    # A port of the discard service: nothing listens there.
    counted, registry = limiter(
        clock, redis_url="redis://127.0.0.1:9/0", reads_per_address="2/minute", sign_in_per_address="100/minute"
    )
    allowed = [(await counted.hit(RouteClass.READS, "address", "a")).allowed for _ in range(3)]  # type: ignore[union-attr]
    assert allowed == [True, True, False]
    with pytest.raises(CountersAway):
        await counted.hit(RouteClass.SIGN_IN, "address", "a")
    for route_class, outcome, count in (("reads", "local", 3), ("sign_in", "refused", 1)):
        labels = {"service": "gateway", "route_class": route_class, "outcome": outcome}
        assert registry.get_sample_value("doso_requests_uncounted_total", labels) == count


async def test_no_rate_means_no_limit() -> None:
    counted, _ = limiter(Clock(), reads_per_address="none")
    assert await counted.hit(RouteClass.READS, "address", "a") is None
    assert "reads-address" not in counted.headers(RouteClass.READS)


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "counted"),
    [
        ((), "198.51.100.7", [b"203.0.113.9"], "198.51.100.7"),
        (("10.0.0.0/8",), "198.51.100.7", [b"203.0.113.9"], "198.51.100.7"),
        (("10.0.0.0/8",), "10.1.2.3", [b"203.0.113.9"], "203.0.113.9"),
        (("10.0.0.0/8",), "10.1.2.3", [b"6.6.6.6, 203.0.113.9, 10.9.9.9"], "203.0.113.9"),
        (("10.0.0.0/8",), "10.1.2.3", [b"6.6.6.6", b"203.0.113.9"], "203.0.113.9"),
        (("10.0.0.0/8",), "10.1.2.3", [b"203.0.113.9:4711"], "203.0.113.9"),
        (("10.0.0.0/8",), "10.1.2.3", [b"6.6.6.6, nonsense"], "10.1.2.3"),
        (("10.0.0.0/8",), "10.1.2.3", [], "10.1.2.3"),
        (("::1/128",), "::1", [b"[2001:db8:1:2:3::4]:443"], "2001:db8:1:2::/64"),
        ((), "::ffff:192.0.2.1", [], "192.0.2.1"),
        ((), None, [], "unknown"),
    ],
)
def test_the_address_is_the_last_that_cannot_be_made_up(
    trusted: tuple[str, ...], peer: str | None, forwarded: list[bytes], counted: str
) -> None:
    assert Addresses([ip_network(one) for one in trusted]).client(peer, forwarded) == counted


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/api/v1/auth/token", "sign_in"), ("GET", "/api/v1/auth/me", "reads"),
        ("POST", "/api/v1/dms/events", "events"), ("POST", "/api/v1/sales/imports", "imports"),
        ("GET", "/api/v1/sales/imports/1", "reads"), ("PUT", "/api/v1/policies", "writes"),
        ("POST", "/api/v1/dms/sources", "writes"), ("POST", "/api/v1/dms/webhooks/1/event/x", "events"),
        ("GET", "/api/v1/health", "operations"), ("DELETE", "/nowhere", "writes"), ("HEAD", "/nowhere", "reads"),
    ],
)  # fmt: skip
def test_every_request_has_a_class(method: str, path: str, expected: str) -> None:
    assert classify(method, path) == expected


@pytest.mark.parametrize("origin", ["*", "https://*.example.com", "app.example.com", "https://app.example.com/"])
def test_cross_origin_access_is_given_to_exact_origins_only(origin: str) -> None:
    with pytest.raises(ValueError, match="exact origin"):
        LimitSettings(cors_origins=origin)  # type: ignore[arg-type]
