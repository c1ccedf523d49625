"""World manufacturer identifiers (VIN positions 1 to 3) of cars common in North America and Europe.

Facts only: ISO 3780 assigns a code to a manufacturer, and some put more than one brand behind a code. Such
codes name the manufacturer and leave the make open, because a wrong make is worse than none.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Manufacturer(NamedTuple):
    """Who builds under a code; `make` is None where the code covers several brands."""

    name: str
    make: str | None


_ONE_BRAND: Final = {
    ("Honda", "Acura"): "19U 19V 2HH 2HN 5FR 5FS 5J8 5KC JH4 7FB",
    ("Honda", "Honda"): "19X 1HG 2HG 2HJ 2HK 3CZ 3HG 5FN 5FP 5J6 5KB 7FA JHL JHM LUC SHH SHS",
    ("Stellantis", "Alfa Romeo"): "ZAR ZAS",
    ("Stellantis", "Chrysler"): "1A4 1A8 2A4 2A8 2C8",
    ("Stellantis", "Citroën"): "VF7 VR7",
    ("Stellantis", "Dodge"): "1B3 1D4 1D8 2B3 2D4 2D8 3D4",
    ("Stellantis", "Fiat"): "JC1",
    ("Stellantis", "Jeep"): "1J4 1J8",
    ("Stellantis", "Maserati"): "ZAM ZN6",
    ("Stellantis", "Opel"): "W0L W0V VXK",
    ("Stellantis", "Peugeot"): "VF3 VR3",
    ("Stellantis", "Ram"): "1D7 3D7",
    ("Volkswagen Group", "Audi"): "TRU WA1 WAU WUA",
    ("Volkswagen Group", "Bentley"): "SCB SJA",
    ("Volkswagen Group", "Lamborghini"): "ZHW ZPB",
    ("Volkswagen Group", "Porsche"): "WP0 WP1",
    ("Volkswagen Group", "SEAT"): "VSS",
    ("Volkswagen Group", "Škoda"): "TMB",
    ("Volkswagen Group", "Volkswagen"): "1V2 1VW 2V4 3VV 3VW 9BW WV1 WV2 WV3 WVG WVW",
    ("BMW", "BMW"): "3AV 3MW 4US 5UX 5UM 5YM WB1 WB4 WB5 WBA WBS WBX WBY",
    ("BMW", "MINI"): "WMW WMZ",
    ("BMW", "Rolls-Royce"): "SCA SLA",
    ("Mercedes-Benz", "Mercedes-Benz"): "4JG 55S W1K W1N W1V W1W W1Y W1X WD3 WD4 WDB WDC WDD WDF WDY WDZ",
    ("Mercedes-Benz", "Smart"): "WME",
    ("Ford", "Ford"): "1FA 1FB 1FD 1FM 1FT 1ZV 2FA 2FM 2FT 3FA 3FM 3FT 3FN MAJ NM0 WF0",
    ("Ford", "Lincoln"): "1LN 2L1 2LM 3LN 5L1 5LM 5LT",
    ("Ford", "Mercury"): "1ME 2ME 3ME 4M2",
    ("General Motors", "Buick"): "1G4 2G4 3G5 4GL 5GA KL4 LRB LRE",
    ("General Motors", "Cadillac"): "1G6 1GY 2G6 3GY LRG",
    ("General Motors", "Chevrolet"): "1G1 1GB 1GC 1GN 1GA 2CN 2G1 2GC 2GN 3G1 3GC 3GN KL1 KL7 KL8",
    ("General Motors", "GMC"): "1GD 1GJ 1GK 1GT 2CT 2GK 2GT 3GK 3GT 7GZ",
    ("General Motors", "Hummer"): "5GN 5GR 5GT",
    ("General Motors", "Pontiac"): "1G2 2CK 2G2 3G2 5Y2",
    ("General Motors", "Saturn"): "1G8 3GS 5GZ",
    ("Hyundai Motor Group", "Genesis"): "KMT KMU",
    ("Hyundai Motor Group", "Hyundai"): "5NM 5NP 5NT KM8 KMF KMH NLH TMA 7YA",
    ("Hyundai Motor Group", "Kia"): "5XX KNA KNC KND U5Y U6Y",
    ("Jaguar Land Rover", "Jaguar"): "SAD SAJ",
    ("Jaguar Land Rover", "Land Rover"): "SAL",
    ("Aston Martin", "Aston Martin"): "SCF SD7",
    ("Ferrari", "Ferrari"): "ZFF ZSG",
    ("Lotus", "Lotus"): "SCC",
    ("McLaren", "McLaren"): "SBM",
    ("Lucid", "Lucid"): "50E 7UU",
    ("Rivian", "Rivian"): "7FC 7PD",
    ("Tesla", "Tesla"): "5YJ 7G2 7SA LRW SFZ XP7",
    ("Mazda", "Mazda"): "1YV 3MV 3MZ 4F2 4F4 7MM JM1 JM3 JM7 JMZ",
    ("Mitsubishi", "Mitsubishi"): "4A3 4A4 JA3 JA4 JMB ML3 MMC",
    ("Nissan", "Nissan"): "1N4 1N6 3N1 3N6 3N8 5BZ KNM SJN VSK",
    ("Nissan", "Infiniti"): "3PC JNK JNR JNX",
    ("Renault Group", "Renault"): "VF1 VF6",
    ("Renault Group", "Dacia"): "UU1",
    ("Subaru", "Subaru"): "4S3 4S4 4SB JF1 JF2",
    ("Suzuki", "Suzuki"): "2S3 JS2 JS3 JSA TSM",
    ("Toyota", "Lexus"): "2T2 58A JT6 JT8 JTH JTJ",
    ("Toyota", "Toyota"): "1NX 2T1 2T3 3MY 3TM 3TY 4T1 4T3 4T4 5TB 5TD 5TE 5TF 5YF 7MU 7SV JT2 JT3 JT4 "
    "JTD JTE JTM JTN NMT SB1 VNK WZ1",
    ("Volvo Cars", "Volvo"): "7JR 7JD LVY LYV YV1 YV4",
    ("Polestar", "Polestar"): "LPS YSM YSR",
    ("Saab", "Saab"): "YS3",
    ("Isuzu", "Isuzu"): "4S1 4S2 JAA",
    ("BYD", "BYD"): "LC0 LGX",
    ("SAIC", "MG"): "LSJ SDP",
}

_SEVERAL_BRANDS: Final = {
    "Stellantis": "1C3 1C4 1C6 2C3 2C4 3C3 3C4 3C6 3C7 ZAC ZFA ZFB VF9",
    "Hyundai Motor Group": "3KP 5XY",
    "Nissan": "5N1 JN1 JN8",
    "General Motors": "1GM 3GB",
    "Toyota": "JTK JTL",
}

MANUFACTURERS: Final[dict[str, Manufacturer]] = {
    code: Manufacturer(name, make) for (name, make), codes in _ONE_BRAND.items() for code in codes.split()
} | {code: Manufacturer(name, None) for name, codes in _SEVERAL_BRANDS.items() for code in codes.split()}
"""Code to manufacturer, for codes met on dealers' lots; anything else is unknown rather than guessed."""
