"""The models the sample group and its competitors trade in."""

from __future__ import annotations

from dataclasses import dataclass

TRIM_STEP = 0.09
MSRP_INFLATION = 1.025
MSRP_BASE_YEAR = 2026


@dataclass(frozen=True, slots=True)
class Model:
    """One make and model: what it costs new, how fast it loses value and how many buyers want it.

    ``base_msrp`` is USD for the entry trim of model year 2026; ``depreciation`` the yearly log loss of value;
    ``popularity`` a relative weight among the region's used buyers and ``new_popularity`` among its
    franchise's new ones (0: not sold new by this group).
    """

    make: str
    name: str
    body: str
    fuel: str
    drivetrains: tuple[str, ...]
    base_msrp: int
    depreciation: float
    popularity: float
    new_popularity: float
    wmi: str
    first_model_year: int
    trims: tuple[str, ...]

    def msrp(self, trim: str, model_year: int) -> int:
        """Return a trim's suggested retail price in whole USD; raises ValueError for an unknown trim."""
        step = 1 + TRIM_STEP * self.trims.index(trim)
        return round(self.base_msrp * step * MSRP_INFLATION ** (model_year - MSRP_BASE_YEAR) / 5) * 5


# make | model | body | fuel | drivetrains | base MSRP | depreciation | popularity, used and new | WMI |
# first model year | trims
_TABLE = """
Toyota|Camry|Sedan|Hybrid|FWD AWD|29000|.094|8|8|4T1|2010|LE,SE,XLE,XSE
Toyota|Corolla|Sedan|Gasoline|FWD|22900|.094|7|6|5YF|2010|LE,SE,XLE,XSE
Toyota|Prius|Hatchback|Hybrid|FWD AWD|28900|.090|3|3|JTD|2010|LE,XLE,Limited
Toyota|RAV4|SUV|Gasoline|AWD FWD|30500|.082|9|6|2T3|2010|LE,XLE,Adventure,Limited
Toyota|RAV4 Hybrid|SUV|Hybrid|AWD|33500|.078|4|9|4T3|2016|LE,SE,XLE,Limited
Toyota|Corolla Cross|SUV|Gasoline|AWD FWD|25500|.086|2|5|7MU|2022|L,LE,XLE
Toyota|Highlander|SUV|Gasoline|AWD FWD|41000|.090|4|4|5TD|2010|LE,XLE,Limited,Platinum
Toyota|4Runner|SUV|Gasoline|4WD|43000|.066|3|4|JTE|2010|SR5,TRD Off-Road,Limited
Toyota|Tacoma|Pickup|Gasoline|4WD RWD|34500|.066|4|6|3TM|2010|SR,SR5,TRD Sport,Limited
Toyota|Tundra|Pickup|Gasoline|4WD|43500|.078|2|2|5TF|2010|SR5,Limited,1794
Toyota|Sienna|Van|Hybrid|FWD AWD|40500|.090|2|4|5TD|2010|LE,XLE,XSE,Limited
Toyota|Venza|SUV|Hybrid|AWD|36500|.098|1|4|JTE|2021|LE,XLE,Limited
Toyota|GR86|Coupe|Gasoline|RWD|31500|.082|.7|1|JF1|2022|Base,Premium
Honda|Civic|Sedan|Gasoline|FWD|25500|.090|8|8|2HG|2010|LX,Sport,EX,Touring
Honda|Accord|Sedan|Gasoline|FWD|29500|.098|7|6|1HG|2010|LX,SE,Sport,Touring
Honda|CR-V|SUV|Gasoline|AWD FWD|31500|.086|9|7|2HK|2010|LX,EX,EX-L
Honda|CR-V Hybrid|SUV|Hybrid|AWD FWD|35500|.082|3|8|7FA|2020|Sport,Sport-L,Touring
Honda|HR-V|SUV|Gasoline|AWD FWD|26500|.094|4|6|3CZ|2016|LX,Sport,EX-L
Honda|Pilot|SUV|Gasoline|AWD FWD|41500|.098|4|4|5FN|2010|LX,Sport,EX-L,Elite
Honda|Passport|SUV|Gasoline|AWD|45000|.098|1.5|2.5|5FN|2019|RTL,TrailSport
Honda|Odyssey|Van|Gasoline|FWD|43000|.102|3|3|5FN|2010|EX,EX-L,Touring,Elite
Honda|Ridgeline|Pickup|Gasoline|AWD|41500|.086|1.5|2|5FP|2017|Sport,RTL,Black Edition
Honda|Prelude|Coupe|Hybrid|FWD|42500|.098|0|3|JHM|2024|Base
Ford|F-150|Pickup|Gasoline|4WD RWD|40500|.094|9|0|1FT|2010|XL,XLT,Lariat,Platinum
Ford|Escape|SUV|Gasoline|AWD FWD|31000|.115|5|0|1FM|2010|Active,ST-Line,Platinum
Ford|Explorer|SUV|Gasoline|4WD RWD|40500|.111|5|0|1FM|2010|Base,XLT,ST
Ford|Mustang|Convertible|Gasoline|RWD|38500|.094|1.6|0|1FA|2010|EcoBoost,GT
Chevrolet|Silverado 1500|Pickup|Gasoline|4WD RWD|39500|.094|8|0|1GC|2010|WT,LT,RST,LTZ
Chevrolet|Equinox|SUV|Gasoline|AWD FWD|30500|.119|6|0|2GN|2010|LS,LT,RS
Chevrolet|Malibu|Sedan|Gasoline|FWD|27000|.127|4|0|1G1|2010|LS,RS,LT
Chevrolet|Camaro|Convertible|Gasoline|RWD|37500|.090|1|0|1G1|2011|1LT,2LT,SS
Ram|1500|Pickup|Gasoline|4WD RWD|42500|.098|6|0|1C6|2012|Tradesman,Big Horn,Laramie
Jeep|Grand Cherokee|SUV|Gasoline|4WD|41000|.111|4|0|1C4|2011|Laredo,Limited,Overland
Jeep|Wrangler|SUV|Gasoline|4WD|36500|.074|3|0|1C4|2010|Sport,Sahara,Rubicon
Chrysler|Pacifica|Van|Gasoline|FWD AWD|43500|.123|2|0|2C4|2017|Touring,Touring L,Limited
Nissan|Altima|Sedan|Gasoline|FWD AWD|27500|.123|4|0|1N4|2010|S,SV,SR,SL
Nissan|Rogue|SUV|Gasoline|AWD FWD|30500|.115|5|0|5N1|2010|S,SV,SL
Hyundai|Elantra|Sedan|Gasoline|FWD|22900|.115|4|0|5NP|2011|SE,SEL,Limited
Hyundai|Tucson|SUV|Gasoline|AWD FWD|29900|.107|4|0|KM8|2010|SE,SEL,Limited
Kia|Sportage|SUV|Gasoline|AWD FWD|29500|.107|3|0|KND|2010|LX,EX,SX
Subaru|Outback|Wagon|Gasoline|AWD|31500|.090|3|0|4S4|2010|Base,Premium,Limited
Subaru|Forester|SUV|Gasoline|AWD|30500|.086|3|0|JF2|2010|Base,Premium,Sport
Volkswagen|Jetta|Sedan|Gasoline|FWD|23500|.115|2.5|0|3VW|2010|S,SE,SEL
Mazda|CX-5|SUV|Gasoline|AWD|30500|.094|3|0|JM3|2013|Select,Preferred,Premium
Mazda|MX-5 Miata|Convertible|Gasoline|RWD|31500|.074|1|0|JM1|2010|Sport,Club
BMW|3 Series|Sedan|Gasoline|RWD AWD|46500|.123|1.5|0|WBA|2010|330i,M340i
Tesla|Model 3|Sedan|Electric|RWD AWD|41500|.131|2|0|5YJ|2018|Standard,Long Range
"""


def _model(line: str) -> Model:
    make, name, body, fuel, drivetrains, msrp, loss, used, new, wmi, first, trims = line.split("|")
    return Model(
        make=make, name=name, body=body, fuel=fuel, drivetrains=tuple(drivetrains.split()),
        base_msrp=int(msrp), depreciation=float(loss), popularity=float(used), new_popularity=float(new),
        wmi=wmi, first_model_year=int(first), trims=tuple(trims.split(",")),
    )  # fmt: skip


CATALOGUE: tuple[Model, ...] = tuple(_model(line) for line in _TABLE.strip().splitlines())
