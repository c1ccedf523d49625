"""What is sold in the simulated region: models, and the configurations that customers tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    """A model of used car; ``price`` is a new one's worth in USD, ``loss`` the share lost a year (log)."""

    make: str
    name: str
    body: str
    price: float
    loss: float
    popularity: float
    summer: float
    """How far July lifts its arrivals over the year's mean, as a logarithm; winter takes as much away."""

    @property
    def segment(self) -> str:
        """Give the key under which a dealer management system would file it."""
        return f"used/{self.make}/{self.name}".lower().replace(" ", "").replace("-", "")


MODELS: Final = (
    Model("Toyota", "Camry", "sedan", 29_000, 0.105, 1.3, 0.00),
    Model("Honda", "Civic", "sedan", 25_500, 0.100, 1.2, 0.05),
    Model("Nissan", "Altima", "sedan", 27_000, 0.145, 0.6, 0.00),
    Model("Chevrolet", "Malibu", "sedan", 26_500, 0.150, 0.5, 0.00),
    Model("Toyota", "RAV4", "crossover", 32_500, 0.095, 1.6, -0.05),
    Model("Honda", "CR-V", "crossover", 33_000, 0.100, 1.4, -0.05),
    Model("Ford", "Escape", "crossover", 31_000, 0.140, 0.8, -0.08),
    Model("Jeep", "Cherokee", "crossover", 33_500, 0.145, 0.6, -0.15),
    Model("Ford", "F-150", "truck", 47_000, 0.105, 1.5, -0.12),
    Model("Chevrolet", "Silverado 1500", "truck", 46_000, 0.110, 1.2, -0.12),
    Model("Ram", "1500", "truck", 46_500, 0.120, 0.9, -0.10),
    Model("Ford", "Mustang", "coupe", 36_000, 0.110, 0.5, 0.45),
    Model("Chrysler", "Pacifica", "van", 40_000, 0.150, 0.5, 0.15),
    Model("Honda", "Odyssey", "van", 39_500, 0.110, 0.6, 0.15),
)
SEGMENTS: Final = tuple(model.segment for model in MODELS)

VARIANTS: Final = 4
"""Two trims by two age bands; a configuration is ``VARIANTS * model + 2 * upper trim + older``."""
CONFIGURATIONS: Final = len(MODELS) * VARIANTS
UPPER_TRIM_PREMIUM: Final = 0.12
_TRIM_GAP, _AGE_GAP, _SAME_BODY_GAP, _OTHER_BODY_GAP = 0.8, 1.0, 2.0, 4.5


def model_of(configuration: int) -> int:
    """Give the model's index of a configuration."""
    return configuration // VARIANTS


def trim_of(configuration: int) -> str:
    """Give the name of its trim, as stickers and adverts have it."""
    return "upper" if configuration % VARIANTS >= VARIANTS // 2 else "base"


def distances() -> Floats:
    """Give how much less a customer likes each configuration than the wanted one, in units of utility.

    Shape (wanted, offered); 0 on the diagonal.
    """
    index = np.arange(CONFIGURATIONS)
    model, upper, older = index // VARIANTS, index // 2 % 2, index % 2
    body = np.unique([each.body for each in MODELS], return_inverse=True)[1][model]
    same_model = model[:, None] == model[None, :]
    same_body = body[:, None] == body[None, :]
    gap: Floats = (
        _TRIM_GAP * (upper[:, None] != upper[None, :])
        + _AGE_GAP * (older[:, None] != older[None, :])
        + np.where(same_model, 0.0, np.where(same_body, _SAME_BODY_GAP, _OTHER_BODY_GAP))
    )
    return gap
