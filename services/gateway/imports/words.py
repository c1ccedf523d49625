"""Words that cells hold for missing values, conditions, yes and no, and kinds of sale."""

from __future__ import annotations

from typing import Final, Literal

Condition = Literal["new", "used", "certified", "demo"]
Availability = Literal["available", "pending", "held"]
PurchaseType = Literal["retail", "lease", "fleet", "wholesale", "demo", "dealer_trade"]

MISSING: Final = frozenset(
    {
        "",
        "na",
        "n/a",
        "#n/a",
        "null",
        "none",
        "nil",
        "nan",
        "-",
        "--",
        "—",
        "?",
        "unknown",
        "undefined",
        "(null)",
    }
)
ON_REQUEST: Final = frozenset(
    {
        "call",
        "call for price",
        "please call",
        "contact us",
        "contact dealer",
        "ask",
        "on request",
        "price on request",
        "poa",
        "tbd",
        "tba",
        "inquire",
    }
)
CONDITIONS: Final[dict[str, Condition]] = {
    **dict.fromkeys(("n", "new", "brand new", "new vehicle", "new car"), "new"),
    **dict.fromkeys(
        ("u", "used", "used vehicle", "used car", "preowned", "pre-owned", "pre owned", "p", "second hand"),
        "used",
    ),
    **dict.fromkeys(
        ("c", "cpo", "certified", "certified used", "certified pre-owned", "certified preowned",
         "certified pre owned"),
        "certified",
    ),
    **dict.fromkeys(("d", "demo", "demonstrator", "loaner", "courtesy", "service loaner"), "demo"),
}  # fmt: skip
YES: Final = frozenset({"true", "t", "yes", "y", "1", "x", "on", "certified", "cpo"})
NO: Final = frozenset({"false", "f", "no", "n", "0", "off", "not certified", "non-certified"})
PURCHASE_TYPES: Final[dict[str, PurchaseType]] = {
    **dict.fromkeys(("retail", "r", "finance", "financed", "cash", "loan", "purchase", "sale"), "retail"),
    **dict.fromkeys(("lease", "l", "leased"), "lease"),
    **dict.fromkeys(("fleet", "f", "commercial", "government", "rental"), "fleet"),
    **dict.fromkeys(("wholesale", "w", "auction", "wholesaled"), "wholesale"),
    **dict.fromkeys(("demo", "demonstrator", "loaner"), "demo"),
    **dict.fromkeys(("dealer trade", "dealer_trade", "trade", "swap", "dealer swap"), "dealer_trade"),
}
AVAILABILITY: Final[dict[str, Availability]] = {
    **dict.fromkeys(
        ("available", "active", "in stock", "instock", "in inventory", "on lot", "on dealer lot", "on central lot",
         "for sale", "live", "ready", "retail ready", "front line ready", "frontline ready", "stocked in", "received",
         "preparation", "in preparation", "recon", "in recon", "reconditioning"),
        "available",
    ),
    **dict.fromkeys(
        ("pending", "sold pending", "pending sale", "sale pending", "pending sold", "deal pending", "pending deal",
         "pending delivery", "sold not delivered", "sold", "pre sold", "presold", "reserved", "on deposit", "deposit",
         "deposit taken", "under contract", "sold order"),
        "pending",
    ),
    **dict.fromkeys(
        ("hold", "on hold", "held", "sales hold", "service hold", "recall hold", "recall", "stop sale", "damaged",
         "unavailable", "not available", "not for sale", "loaner", "service loaner", "courtesy",
         "in transit", "intransit", "on order", "ordered"),
        "held",
    ),
}  # fmt: skip
"""What a status says of whether a vehicle is for sale, in letters and digits."""
_PROMISED: Final = frozenset({"sold", "reserved", "deposit", "presold"})
_HELD: Final = frozenset({"hold", "held", "recall", "damaged", "unavailable", "loaner", "transit"})
_UNDONE: Final = frozenset(
    {
        "not", "no", "non", "un", "former", "ex", "retired", "released", "cleared", "complete", "completed", "done",
        "removed", "refunded", "returned", "unwound", "cancelled", "canceled", "expired", "available", "back",
    }
)  # fmt: skip
"""Words that say the opposite of those beside them; who can tell which."""


def availability_of(status: str) -> Availability | None:
    """Read a status such as ``Sold - Pending``; nothing where it says nothing of whether the vehicle is for sale."""
    words = "".join(letter if letter.isalnum() else " " for letter in status.casefold()).split()
    known = AVAILABILITY.get(" ".join(words))
    if known is not None or _UNDONE.intersection(words):
        return known
    if _PROMISED.intersection(words):
        return "pending"
    return "held" if _HELD.intersection(words) else None
