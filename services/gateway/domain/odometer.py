"""What an odometer counts where nobody says it."""

from typing import Literal

_MILES = frozenset({"USD", "GBP"})


def usual_unit(currency: str) -> Literal["mi", "km"]:
    """Give the unit of a rooftop's odometers by its currency (ISO 4217): miles in the United States and Britain."""
    return "mi" if currency in _MILES else "km"
