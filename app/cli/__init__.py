"""The `tsunagu` command."""

import sys

import typer

from app.adapters.database.connection import DatabaseUnavailable
from app.adapters.database.migrations import TablesInUse, TooOld
from app.adapters.embedded_postgres.cluster import EmbeddedPostgresError
from app.adapters.outage import CannotStart
from app.cli.access.token import token
from app.cli.administration.agencies import agency
from app.cli.administration.clients import client
from app.cli.administration.seats import seat
from app.cli.contract.database_pages import database_docs
from app.cli.contract.flow_pages import flows_docs
from app.cli.contract.openapi import openapi
from app.cli.contract.settings_pages import settings_docs
from app.cli.database.migrate import migrate
from app.cli.erasure.erasures import erasures
from app.cli.evidence.verify import verify_bundle
from app.cli.keys.keys import commands as keys_commands
from app.cli.log.log import log
from app.cli.processes.run import DoesNotAnswer, run
from app.cli.processes.serve import serve, worker
from app.cli.story.demo import demo

# A traceback with local variables would print passwords.
cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for command in (
    run,
    serve,
    worker,
    migrate,
    demo,
    flows_docs,
    settings_docs,
    database_docs,
    openapi,
):
    cli.command()(command)
cli.command("verify")(verify_bundle)
for name, group in (
    ("agency", agency),
    ("seat", seat),
    ("client", client),
    ("token", token),
    ("log", log),
    ("erasures", erasures),
):
    cli.add_typer(group, name=name)
cli.add_typer(keys_commands, name="keys")


def main() -> None:
    """Run the command line; what the user can put right is one sentence and exit code 1."""
    try:
        cli(prog_name="tsunagu")
    except DatabaseUnavailable as error:
        sys.exit(f"The database cannot be opened: {error}.")
    except (EmbeddedPostgresError, DoesNotAnswer, TablesInUse, TooOld, CannotStart) as error:
        sys.exit(str(error))
