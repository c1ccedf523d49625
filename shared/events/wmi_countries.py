"""Country and region of build from the first two VIN positions (ISO 3780)."""

from __future__ import annotations

from typing import Final

_ORDER: Final = "ABCDEFGHJKLMNPRSTUVWXYZ1234567890"

_RANGES: Final = (
    ("AA", "AH", "South Africa"),
    ("JA", "J0", "Japan"),
    ("KL", "KR", "South Korea"),
    ("LA", "L0", "China"),
    ("MA", "ME", "India"),
    ("MF", "MK", "Indonesia"),
    ("ML", "MR", "Thailand"),
    ("NL", "NR", "Turkey"),
    ("PA", "PE", "Philippines"),
    ("PL", "PR", "Malaysia"),
    ("RF", "RG", "Taiwan"),
    ("RL", "RR", "Vietnam"),
    ("SA", "SM", "United Kingdom"),
    ("SN", "ST", "Germany"),
    ("SU", "SZ", "Poland"),
    ("TJ", "TP", "Czech Republic"),
    ("TR", "TV", "Hungary"),
    ("TW", "T1", "Portugal"),
    ("U5", "U7", "Slovakia"),
    ("UU", "UZ", "Romania"),
    ("VA", "VE", "Austria"),
    ("VF", "VR", "France"),
    ("VS", "VW", "Spain"),
    ("VX", "V2", "France"),
    ("WA", "W0", "Germany"),
    ("XL", "XR", "Netherlands"),
    ("XS", "XW", "Russia"),
    ("X3", "X0", "Russia"),
    ("YA", "YE", "Belgium"),
    ("YF", "YK", "Finland"),
    ("YS", "YW", "Sweden"),
    ("ZA", "ZU", "Italy"),
    ("1A", "10", "United States"),
    ("2A", "20", "Canada"),
    ("3A", "3X", "Mexico"),
    ("4A", "40", "United States"),
    ("5A", "50", "United States"),
    ("6A", "6X", "Australia"),
    ("7A", "7E", "New Zealand"),
    ("7F", "70", "United States"),
    ("8A", "8E", "Argentina"),
    ("9A", "9E", "Brazil"),
    ("93", "99", "Brazil"),
)

_BUILT_ELSEWHERE: Final = {"XP7": "Germany", "SFZ": "United Kingdom"}
"""Makers whose code comes from another country's block than the one the plant stands in."""

_COUNTRIES: Final = {
    first[0] + second: country
    for first, last, country in _RANGES
    for second in _ORDER[_ORDER.index(first[1]) : _ORDER.index(last[1]) + 1]
}

_REGIONS: Final = (
    ("ABCDEFGH", "Africa"),
    ("JKLMNPR", "Asia"),
    ("STUVWXYZ", "Europe"),
    ("12345", "North America"),
    ("6", "Oceania"),
    ("890", "South America"),
)
_REGION_OF: Final = {first: region for firsts, region in _REGIONS for first in firsts}


def country_of(vin: str) -> str | None:
    """Name the country a VIN was issued in, or None where the block belongs to a country not listed here."""
    return _BUILT_ELSEWHERE.get(vin[:3]) or _COUNTRIES.get(vin[:2])


def region_of(vin: str) -> str:
    """Name the ISO 3780 region of a VIN; the 7 block is split between Oceania and North America."""
    if vin[0] == "7":
        return "Oceania" if vin[1] in "ABCDE" else "North America"
    return _REGION_OF[vin[0]]
