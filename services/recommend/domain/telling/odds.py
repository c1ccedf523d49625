"""How sure a piece of advice is, as a line of its evidence and as a sentence of its reason."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from services.recommend.domain.confidence.units import DRAWS
from services.recommend.domain.telling.evidence import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.recommend.domain.telling.evidence import EvidenceSheet

DRAWN_OF_A_UNIT: Final = "pace, market price, effect of price, lane and the day its customer comes"
DRAWN_OF_A_PURCHASE: Final = "customers, gross and the day each car's customer comes"
_EVEN: Final = 0.5
_CORRECTED: Final = ", then corrected by how often such calls proved right here"


class LongOdds(StrEnum):
    """Why to follow advice that has less than an even chance, by what it asks for."""

    CUT = "most like it would have sold soon enough at the old tag, but the few that would have sat pay for the rest."
    RAISED = "most like it bring little more for the longer wait, but the few that sell as fast pay for the rest."
    MOVED = "most like it would have done as well at home, but the few that would have sat pay for the rest."
    LET_GO = "most like it would still find a buyer in time, but the few that would not cost more than that brings."
    BOUGHT = "most like these just miss paying, but the few that sell fast pay for the rest."


def add_odds(sheet: EvidenceSheet, confidence: float, drawn: str, *, corrected: bool = False) -> None:
    """Write the chance that a piece of advice turns out better than what it is held against.

    ``corrected`` where it was moved by how often such calls of the store proved right.
    """
    formula = f"share of {DRAWS} draws of {drawn}"
    sheet.add(Fact.ODDS, f"{confidence:.0%}", "value", formula + _CORRECTED if corrected else formula)


def long_odds(facts: Mapping[str, str], saying: LongOdds) -> str:
    """Say, of advice that gains but has less than an even chance, why to follow it; nothing of any other."""
    odds = facts.get(Fact.ODDS)
    if odds is None or facts[Fact.GAIN].startswith("-") or float(odds.removesuffix("%")) / 100 >= _EVEN:
        return ""
    return f" On this one alone the odds are {odds}: {saying}"
