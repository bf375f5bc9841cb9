"""The `tsunagu` command."""

import sys

import typer

from app.adapters.cluster import EmbeddedPostgresError
from app.adapters.preparation import DatabaseUnavailable
from app.cli.migrate import migrate
from app.cli.run import DoesNotAnswer, run
from app.cli.serve import serve, worker

# A traceback with local variables would print passwords.
cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for command in (run, serve, worker, migrate):
    cli.command()(command)


def main() -> None:
    """Run the command line; what the user can put right is one sentence and exit code 1."""
    try:
        cli(prog_name="tsunagu")
    except DatabaseUnavailable as error:
        sys.exit(f"The database cannot be opened: {error}.")
    except (EmbeddedPostgresError, DoesNotAnswer) as error:
        sys.exit(str(error))
