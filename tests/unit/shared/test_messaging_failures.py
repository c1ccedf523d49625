"""Which failures an event may outlive, and which condemn it."""

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError
from pydantic import BaseModel, ValidationError

from shared.messaging.failures import passing, took_too_long


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        KafkaConnectionError(),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.CrashShutdownError("terminating connection because of crash of another server process"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.IdleInTransactionSessionTimeoutError("terminating connection due to idle-in-transaction timeout"),
        asyncpg.IdleSessionTimeoutError("terminating connection due to idle-session timeout"),
        asyncpg.DiskFullError("could not extend file: No space left on device"),
        asyncpg.PostgresIOError("could not read block 7: Input/output error"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ],
)
def test_what_is_the_servers_trouble_passes(error: Exception) -> None:
    assert passing(error)


class Model(BaseModel):
    number: int


def invalid() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"number": "many"})
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        invalid(),
        LookupError("no vehicle with this stock number"),
        asyncpg.NumericValueOutOfRangeError("numeric field overflow"),
        asyncpg.CheckViolationError("violates check constraint"),
        asyncpg.ProtocolError("unexpected message"),
    ],
)
def test_what_is_the_events_fault_does_not(error: Exception) -> None:
    assert not passing(error)


def test_only_what_the_server_ended_for_its_duration_took_too_long() -> None:
    assert took_too_long(asyncpg.QueryCanceledError("canceling statement due to statement timeout"))
    silent, waiting = TimeoutError(), asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
    assert not took_too_long(silent)
    assert not took_too_long(waiting)
