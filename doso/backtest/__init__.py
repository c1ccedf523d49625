"""``doso backtest``: what the engine would have said, held against what happened; a file per subcommand.

Each subcommand's file imports only what its options need, and the engine when it runs.
"""

import typer

from doso.backtest import decisions, forecast

backtest = typer.Typer(
    name="backtest",
    help="Replay the past and measure: forecasts of any dated series, decisions of a dealer.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
backtest.command("forecast")(forecast.forecast)
backtest.command("decisions")(decisions.decisions)
