"""``doso audit``: the audit trail, checked against itself."""

import typer

from doso.audit.verify import verify

audit = typer.Typer(
    name="audit",
    help="The audit trail, checked against itself.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
audit.callback()(lambda: None)  # keeps the subcommand's name although there is but one
audit.command("verify")(verify)

__all__ = ["audit"]
