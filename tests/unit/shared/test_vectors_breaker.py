"""The circuit breaker by itself, on a clock that the test moves."""

from shared.vectors.breaker import CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_admits_one_trial_a_cool_down_and_closes_on_success() -> None:
    clock = Clock()
    breaker = CircuitBreaker(failures=2, cooldown_seconds=10, clock=clock)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.admit()
    breaker.failed()
    assert breaker.is_open
    assert (breaker.admit(), breaker.seconds_to_trial) == (False, 10)
    clock.now += 10
    assert [breaker.admit(), breaker.admit()] == [True, False]
    breaker.failed()
    clock.now += 9.9
    assert not breaker.admit()
    clock.now += 0.1
    assert breaker.admit()
    breaker.succeeded()
    assert [breaker.admit(), breaker.admit()] == [True, True]
