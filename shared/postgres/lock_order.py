"""The order in which rows are locked: two transactions that want the same rows then wait, and do not deadlock."""

from uuid import UUID


def lock_order(key: tuple[UUID, str]) -> tuple[int, str]:
    """Give what to sort keys of (tenant, name) by, for ``sorted``: the order of the database.

    Every event is sorted by it in every service: as text it would take four times as long, and by the ids
    themselves twice as long, which are compared in Python.
    """
    return key[0].int, key[1]
