"""Which failures pass by themselves, which never will, and which may be for what was asked being too much."""

import asyncpg
from aiokafka.errors import KafkaError

from shared.postgres.claims import ClaimLostError

_PASSING = (
    OSError,
    TimeoutError,
    KafkaError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut in mid-protocol
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,  # such as a disk that fails under the server
    asyncpg.IdleInTransactionSessionTimeoutError,  # this process was frozen, and is back
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    # The code is ahead of the schema: a deployment that is still migrating, not the event's fault.
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    ClaimLostError,
)
_LASTING = (asyncpg.exceptions.UnsupportedClientFeatureError, asyncpg.exceptions.ProtocolError)


def passing(error: BaseException) -> bool:
    """Tell whether the same work may succeed later although nothing about it changes.

    An ``InterfaceError`` of the client that blames the arguments is not one: it would fail for ever.
    """
    return isinstance(error, _PASSING) and not isinstance(error, _LASTING)


def took_too_long(error: BaseException) -> bool:
    """Tell whether the server ended a statement for its duration: less at once may work, the same again hardly will.

    A server that says nothing is a ``TimeoutError`` of the client, and a wait for others ``LockNotAvailableError``.
    """
    return isinstance(error, asyncpg.QueryCanceledError)


class HandedBackError(Exception):
    """A batch is handed back to the broker before it takes longer than that waits; what was kept of it stays."""


class TookTooLongError(Exception):
    """One event alone took longer than a statement may, each time it was tried."""

    def __init__(self, tries: int) -> None:
        super().__init__(
            f"alone, in each of {tries} tries, it took longer than a statement may (DOSO_POSTGRES_COMMAND_TIMEOUT,"
            " in seconds): find what makes it slow or allow more, then replay it"
        )
