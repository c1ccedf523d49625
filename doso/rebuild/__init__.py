"""``doso rebuild``: state that is made of other state, made anew while everything runs."""

import typer

from doso.rebuild.commands import events, market, read_model, vectors

app = typer.Typer(
    name="rebuild",
    help="State that is made of other state, made anew from its owners' while the system serves.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.command("read-model")(read_model)
app.command("market")(market)
app.command("vectors")(vectors)
app.command("events")(events)

__all__ = ["app"]
