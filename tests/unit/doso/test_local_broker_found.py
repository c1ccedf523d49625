"""Which broker holds what was published: the noted one with all its topics, and no other."""

from __future__ import annotations

import pytest

from deploy.local.published_to import Found
from shared.events import TOPICS

ALL = frozenset(TOPICS)
FIRST = next(iter(TOPICS))


@pytest.mark.parametrize(
    ("found", "noted", "holds"),
    [
        (Found("a", ALL | {"of somebody else"}), "a", True),
        (Found("a", ALL), None, False),
        (Found("a", ALL), "b", False),
        (Found("a boot 2", ALL), "a boot 1", False),
        (Found("a", ALL - {FIRST}), "a", False),
        (Found("a", frozenset()), "a", False),
        (Found(None, ALL), None, False),
        (Found(None, ALL), "a", False),
    ],
    ids=[
        "the same one",
        "the first start, or after a broker that forgets",
        "another cluster",
        "a machine that was started again",
        "a topic is gone",
        "its data is gone",
        "one that does not tell its id is never the same",
        "one that does not tell its id after one that does",
    ],
)
def test_only_the_noted_broker_with_all_its_topics_holds_what_was_published(
    found: Found, noted: str | None, holds: bool
) -> None:
    assert found.holds(noted) is holds
