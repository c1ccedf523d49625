"""Ways to run the simulated group: two habits of the trade, DOSO, and one who knows the truth."""

from bench.closed_loop.policies.days_supply import DaysSupply
from bench.closed_loop.policies.doso import Doso
from bench.closed_loop.policies.oracle import Oracle
from bench.closed_loop.policies.replace_sold import ReplaceSold
from bench.closed_loop.policies.warm_up import WarmUp, first_stock

__all__ = ["DaysSupply", "Doso", "Oracle", "ReplaceSold", "WarmUp", "first_stock"]
