"""The market's asking price of a segment by age, odometer, trim and certification, as the market service fits it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

KM_UNIT = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCurve:
    """``log(price) = reference + age_slope * years + km_slope * distance + bends + trim + certified premium``.

    Distance is in 10,000 km, at most ``km_cap``. A bend, of (knot, slope), adds its slope times what lies beyond
    its knot. ``trims`` go by their letters and digits in lower case; one that is not named adds nothing.
    ``residual_sd`` and ``reference_sd`` are those of a single price and of the level, in log price.
    """

    reference: float
    age_slope: float
    km_slope: float
    km_cap: float
    residual_sd: float
    reference_sd: float
    age_bends: tuple[tuple[float, float], ...] = ()
    km_bends: tuple[tuple[float, float], ...] = ()
    certified_premium: float = 0.0
    trims: Mapping[str, float] = field(default_factory=dict)

    def knows(self, trim: str | None) -> bool:
        """Tell whether listings of the trim were seen."""
        return trim_key(trim) in self.trims

    def log_price(self, years: float, odometer_km: float, trim: str | None, *, certified: bool) -> float:
        """Give the logarithm of the asking price of such a vehicle, in the dealer's currency."""
        distance = min(odometer_km / KM_UNIT, self.km_cap)
        bends = sum(slope * max(0.0, years - knot) for knot, slope in self.age_bends)
        bends += sum(slope * max(0.0, distance - knot) for knot, slope in self.km_bends)
        premium = self.certified_premium if certified else 0.0
        even = self.reference + self.age_slope * years + self.km_slope * distance
        return even + bends + self.trims.get(trim_key(trim), 0.0) + premium


def trim_key(trim: str | None) -> str:
    """Fold a trim's spelling: its letters and digits in lower case."""
    folded = unicodedata.normalize("NFKD", trim or "").casefold()
    return "".join(letter for letter in folded if letter.isalnum())
