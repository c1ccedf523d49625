"""The expected net of a unit at a price and a place.

    net = sum over t of p(sell in t) * (retail cash - holding * t) + p(not by T) * (exit cash - holding * T)

What the unit cost is sunk and the same for every alternative, so nets are compared as cash in less holding;
front gross is shown beside them where the cost is known. Because holding grows evenly with time, the sum
equals

    (1 - unsold) * retail cash + unsold * exit cash - holding * expected days,

with ``unsold`` the chance of being here at the horizon T and the expected days those of the survival curve.
The exit is valued at today's level: the fall in value up to then is in the holding cost already. Where the
tenant's shoppers were learned a unit stands longer before it is given up (:mod:`standing`).
"""

from services.recommend.domain.value.evaluation import evaluate, evaluate_draws, exit_draws
from services.recommend.domain.value.setting import Attracted, Draws, Fitted, Setting, Valuation
from services.recommend.domain.value.standing import LONGEST_HORIZONS

__all__ = [
    "LONGEST_HORIZONS",
    "Attracted",
    "Draws",
    "Fitted",
    "Setting",
    "Valuation",
    "evaluate",
    "evaluate_draws",
    "exit_draws",
]
