"""Which failures pass by themselves, and which never will."""

import asyncpg
from aiokafka.errors import KafkaError

_PASSING = (
    OSError,
    TimeoutError,
    KafkaError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
)


def passing(error: BaseException) -> bool:
    """Tell whether the same work may succeed later although nothing about it changes.

    An ``InterfaceError`` of the client that blames the arguments is not one: it would fail for ever.
    """
    if isinstance(error, asyncpg.DataError | asyncpg.exceptions.UnsupportedClientFeatureError):
        return False
    return isinstance(error, _PASSING)
