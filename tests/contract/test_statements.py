"""No statement gives rows without columns.

asyncpg 0.31 and 0.32 keep such a row for use again by writing a pointer just behind it: eight bytes that are padding
with Python's own allocator, and another object's with ``PYTHONMALLOC=malloc``, where the process then dies.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NO_COLUMNS = re.compile(r"\s*SELECT\s+(FROM|WHERE|LIMIT|ORDER|FOR)\b", re.IGNORECASE)


def without_columns(source: str) -> list[tuple[int, str]]:
    """Find statements that give rows without columns; a nested one, as in EXISTS, is no statement."""
    return [
        (node.lineno, node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NO_COLUMNS.match(node.value)
    ]


@pytest.mark.parametrize("folder", ["services", "shared", "deploy", "doso", "bench"])
def test_every_statement_names_a_column(folder: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}": text
        for path in (ROOT / folder).rglob("*.py")
        for line, text in without_columns(path.read_text())
    }
    assert not found, "SELECT 1 FROM ... locks or finds as well"


def test_it_is_told_apart_from_what_is_nested() -> None:
    assert without_columns('f"SELECT FROM {table} WHERE id = $1"') == [(1, "SELECT FROM ")]
    assert not without_columns('"SELECT EXISTS (SELECT FROM " "vehicle)"')
