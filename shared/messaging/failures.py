"""Which failures pass by themselves, and which never will."""

import asyncpg
from aiokafka.errors import KafkaError

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
)
_LASTING = (asyncpg.exceptions.UnsupportedClientFeatureError, asyncpg.exceptions.ProtocolError)


def passing(error: BaseException) -> bool:
    """Tell whether the same work may succeed later although nothing about it changes.

    An ``InterfaceError`` of the client that blames the arguments is not one: it would fail for ever.
    """
    return isinstance(error, _PASSING) and not isinstance(error, _LASTING)
