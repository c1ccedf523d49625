"""The order in which rows are locked: two transactions that want the same rows then wait, and do not deadlock."""

from uuid import UUID


def lock_order(key: tuple[UUID, str]) -> tuple[int, str]:
    """Give what to sort keys of (tenant, name) by, for ``sorted``: PostgreSQL's own order under collation "C".

    PostgreSQL compares uuids as 16 bytes, the first one weighing most, as it does the numbers that they make; and
    text under "C" (or the embedded server's C.UTF-8) by its bytes in UTF-8, which stand in the order of the
    characters' numbers, as strings do in Python. Databases of other collations sort names otherwise, so
    statements that lock rows by name take them in the order in which they were given, and do not sort them.

    Every event is sorted by it in every service: as text it would take four times as long, and by the ids
    themselves twice as long, which are compared in Python.
    """
    return key[0].int, key[1]
