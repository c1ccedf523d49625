"""How far a learned parameter may go, and how far in one version."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits, the step of a version, and what is too little to make one.

    Step and what is material are fractions of the present value, or amounts where ``additive``.
    """

    low: float
    high: float
    step: float
    material: float
    additive: bool = False

    def towards(self, target: float, current: float) -> float:
        """Give the next value on the way to a target."""
        unit = 1.0 if self.additive else current
        stepped = min(max(target, current - self.step * unit), current + self.step * unit)
        bounded = min(max(stepped, self.low), self.high)
        return bounded if abs(bounded - current) >= self.material * unit else current


SCALE = Bounds(0.5, 2.0, 0.10, 0.01)
BIAS = Bounds(-1_500.0, 1_500.0, 150.0, 15.0, additive=True)
DISCOUNT = Bounds(0.02, 0.40, 0.02, 0.005, additive=True)
LEAD_NEW = Bounds(14.0, 180.0, 0.10, 0.02)
LEAD_USED = Bounds(2.0, 60.0, 0.10, 0.02)
SHIFT = Bounds(-2.0, 2.0, 0.25, 0.05, additive=True)
