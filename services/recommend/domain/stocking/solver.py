"""Solving the stocking program with OR-Tools: SCIP for the quantities, GLOP for what each limit is worth.

The program is a knapsack over a network: its linear relaxation is all but whole, so that branch and bound
ends at the root or near it. One thread, the solver's own fixed seeds and a limit in nodes instead of seconds:
the same book gives the same plan on any machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]  # has no stubs

from services.recommend.domain.stocking.greedy import fill
from services.recommend.domain.stocking.program import Model, Plan, build

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from services.recommend.domain.lookup import Shelf
    from services.recommend.domain.stocking.limits import Limit
    from services.recommend.domain.stocking.program import Way, Wish

NODES = 2_000
"""Branch and bound gives up after so many nodes and keeps the best plan it has."""
_LEAST_GAP = 1e-4
_WORTH_SAYING = 1e-6


def solve(
    wishes: Sequence[Wish],
    ways: Mapping[Way, float],
    limits: Sequence[Limit],
    *,
    nodes: int = NODES,
) -> Plan:
    """Choose all quantities together.

    ``ways`` are what sending one unit costs. Where the rules cannot all be kept, the least on shelves gives
    way, by as little as can be, and the plan says by how much. Where the solver's nodes run out without any
    plan, units are taken one by one, the most valuable first; the plan says so in ``method``.
    """
    wishes, limits = sorted(wishes, key=lambda wish: wish.shelf), list(limits)
    model = build(wishes, ways, limits)
    if not model.ways and not any(row.limit is not None for row in model.rows):
        return Plan({wish.shelf: _worth_buying(wish) for wish in wishes})
    worth = _duals(model)
    chosen = _quantities(model, nodes)
    if chosen is None and any(wish.least for wish in wishes):
        model = build(wishes, ways, limits, elastic=True)
        worth = worth or _duals(model)
        chosen = _quantities(model, nodes)
    if chosen is None:
        return fill(wishes, limits)
    values, method = chosen
    return Plan(
        bought=_counts(model.purchases, values),
        moved={way: values[number] for way, number in model.ways.items() if values[number]},
        missing={shelf: values[number] for shelf, number in model.missing.items() if values[number]},
        worth=worth,
        method=method,
    )


def _worth_buying(wish: Wish) -> int:
    return max(wish.least, sum(value > 0 for value in wish.purchases))


def _counts(groups: Mapping[Shelf, Sequence[int]], values: Sequence[int]) -> dict[Shelf, int]:
    return {shelf: sum(values[number] for number in numbers) for shelf, numbers in groups.items()}


def _quantities(model: Model, nodes: int) -> tuple[list[int], str] | None:
    """Solve for whole units; nothing where there is no plan, or none was found within so many nodes."""
    solver = pywraplp.Solver.CreateSolver("SCIP")
    variables, _ = _written(solver, model, [solver.IntVar(0, bound, "") for bound in model.bounds])
    parameters = pywraplp.MPSolverParameters()
    parameters.SetDoubleParam(pywraplp.MPSolverParameters.RELATIVE_MIP_GAP, _LEAST_GAP)
    solver.SetSolverSpecificParametersAsString(f"limits/nodes = {nodes}")
    status = solver.Solve(parameters)
    if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        return None
    values = [round(variable.solution_value()) for variable in variables]
    objective = solver.Objective()
    gap = abs(objective.BestBound() - objective.Value()) / max(1.0, abs(objective.Value()))
    if gap <= _LEAST_GAP:
        return values, "optimal within one part in ten thousand"
    return values, f"within {gap:.1%} of the best there can be"


def _duals(model: Model) -> dict[int, float]:
    """Give what one more unit of room of each limit brings, from the linear relaxation; none if infeasible."""
    solver = pywraplp.Solver.CreateSolver("GLOP")
    _, limited = _written(solver, model, [solver.NumVar(0.0, float(bound), "") for bound in model.bounds])
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return {}
    duals = {number: float(constraint.dual_value()) for number, constraint in limited.items()}
    return {number: dual for number, dual in duals.items() if dual > _WORTH_SAYING}


def _written(solver: Any, model: Model, variables: list[Any]) -> tuple[list[Any], dict[int, Any]]:
    """Write objective and rows; gives the variables, and the constraints of the limits by their number."""
    objective = solver.Objective()
    for variable, gain in zip(variables, model.gains, strict=True):
        objective.SetCoefficient(variable, gain)
    objective.SetMaximization()
    limited = {}
    for row in model.rows:
        constraint = solver.Constraint(row.low, row.high)
        for number, weight in row.terms.items():
            constraint.SetCoefficient(variables[number], weight)
        if row.limit is not None:
            limited[row.limit] = constraint
    return variables, limited
