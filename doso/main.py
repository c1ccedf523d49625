"""The command line: one thin file per subcommand."""

import typer

from doso import (
    backup,
    create_admin,
    dead_letters,
    demo,
    import_file,
    keys,
    migrate,
    reset_password,
    restore,
    secrets,
    up,
    webhook,
)
from doso.audit import audit
from doso.backtest import backtest
from doso.doctor import doctor
from doso.rebuild import app as rebuild

app = typer.Typer(
    name="doso",
    help="Tells car dealers what to stock, order, transfer, reprice and wholesale, in dollars.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)
app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("import")(import_file.import_file)
app.command("migrate")(migrate.migrate)
app.command("secrets")(secrets.secrets)
app.command("create-admin")(create_admin.create_admin)
app.command("reset-password")(reset_password.reset_password)
app.command("doctor")(doctor)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.add_typer(audit)
app.add_typer(dead_letters.app)
app.add_typer(rebuild)
app.add_typer(backtest)
app.add_typer(webhook.webhook)
app.add_typer(keys.keys)


def main() -> None:
    """Run the command line."""
    app()
