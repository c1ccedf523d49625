"""What came to a market and what left it, read from adverts that appear and disappear.

Nobody reports the market's sales, so an advert that ended stands for a sale. Some adverts end for other
reasons: a car that comes back under its VIN is joined beforehand (see ``vehicles``), a seller that falls silent
as a whole is a feed that broke, and for what remains (wholesale, a lapsed subscription) a measured share can be
set in ``Assumptions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from services.market.domain.listings import Listings

SURVEYED_DAYS = 200
"""How long before the newest day an advert may have been seen last and still matter to a survey of the usual
assumptions: two windows for the shares of sales, the grace, and the pause after which a car comes back, with room."""
SILENT_ADVERTS = 5
"""A seller that loses at least so many adverts, and all it had, on one day has stopped sending them."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """How adverts are read; days are calendar days.

    An advert not seen for more than ``grace_days`` has ended; ``sale_share`` of the ended ones were sales.
    """

    window_days: int = 45
    grace_days: int = 3
    sale_share: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be counted with."""
        if self.window_days < 1 or self.grace_days < 0 or not 0 < self.sale_share <= 1:
            message = f"{self}: window_days must be >= 1, grace_days >= 0 and sale_share in (0, 1]"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Which listings were on the market on ``as_of``, which left it and which came, within ``window_days``.

    The masks have shape (listings,). ``as_of`` is the newest day the data know, which is earlier than the day
    asked for where the data are older. ``window_days`` is shorter than the window asked for where departures
    have not been watched for that long, and 0 where none could have been noticed yet. The window ends on
    ``last_day``. ``departed`` are all that left by then, of which departures ``watched_days`` back were seen.
    """

    as_of: date
    window_days: int
    watched_days: int
    last_day: date
    on_market: NDArray[np.bool_]
    left: NDArray[np.bool_]
    arrived: NDArray[np.bool_]
    departed: NDArray[np.bool_]


def observe(
    listings: Listings,
    as_of: date,
    assumptions: Assumptions | None = None,
    observed_since: date | None = None,
) -> Observation:
    """Tell the listings on the market on a day from those that left it in the window before.

    The window ends where the grace period begins, because later departures are not all noticed yet; counting
    them would make every market look slower than it is. When listings began does not enter the departures, so
    adverts older than the panel do no harm. ``observed_since`` is the first day on which a departure could be
    noticed; left out, it is estimated. Raises ValueError where there is no listing up to ``as_of``.
    """
    assumptions = assumptions or Assumptions()
    day = np.datetime64(as_of, "D")
    known = listings.first_seen <= day
    if not known.any():
        message = f"no listing was first seen by {as_of}; import market data or ask for a later date"
        raise ValueError(message)
    day = min(day, listings.last_seen[known].max())
    last_seen = np.minimum(listings.last_seen, day)
    still_offered = listings.active | (listings.last_seen > day)
    on_market = known & still_offered & (last_seen >= day - assumptions.grace_days)
    newest = day - assumptions.grace_days - 1
    ended = known & ~on_market & (last_seen <= newest)
    began = (
        _panel_began(listings.first_seen[known], last_seen[ended], newest)
        if observed_since is None
        else np.datetime64(observed_since, "D")
    )
    watched = max(0, int((newest - began).astype(int)) + 1)
    window = min(assumptions.window_days, watched)
    departed = ended & ~_silenced(listings, known, on_market, last_seen)
    return Observation(
        as_of=day.item(),
        window_days=window,
        watched_days=watched,
        last_day=newest.item(),
        on_market=on_market,
        left=departed & (last_seen > newest - window),
        # What was there when the watching began has come nobody knows when.
        arrived=known & (listings.first_seen > max(began, day - assumptions.window_days)),
        departed=departed,
    )


def _panel_began(
    first_seen: NDArray[np.datetime64], departures: NDArray[np.datetime64], newest: np.datetime64
) -> np.datetime64:
    """Estimate the first day on which departures were watched.

    A source's own first-seen dates may reach back years before anyone watched, so they are only the lower
    bound. The first of n departures comes on average 1/n of its distance to the end after the start: the
    usual unbiased estimate of the end of a uniform distribution.
    """
    earliest: np.datetime64 = first_seen.min()
    if not departures.size:
        return earliest
    first: np.datetime64 = departures.min()
    span = int((newest - first).astype(int)) + 1
    return max(earliest, first - round(span / departures.size))


def _silenced(
    listings: Listings, known: NDArray[np.bool_], on_market: NDArray[np.bool_], last_seen: NDArray[np.datetime64]
) -> NDArray[np.bool_]:
    """Mark the adverts that ended with their seller's feed: all it still had, and several, on its last day."""
    silenced = np.zeros(len(listings), dtype=np.bool_)
    sellers = len(listings.sellers)
    if not sellers:
        return silenced
    named = known & (listings.seller_of >= 0)
    seller = listings.seller_of
    offering = np.bincount(seller[named & on_market], minlength=sellers)
    last_day = np.full(sellers, np.datetime64("0001-01-01", "D"))
    np.maximum.at(last_day, seller[named], last_seen[named])
    at_the_end = named & ~on_market & (last_seen == last_day[seller])
    together = np.bincount(seller[at_the_end], minlength=sellers)
    gone = (offering == 0) & (together >= SILENT_ADVERTS)
    silenced[at_the_end] = gone[seller[at_the_end]]
    return silenced
