"""The `tsunagu` command."""

import sys

from app.adapters.outage import OperatorError
from app.cli.commands import called_command, command_line


def main() -> None:
    """Run the command line; what the user can put right is one sentence and exit code 1."""
    try:
        command_line(called_command(sys.argv[1:]))(prog_name="tsunagu")
    except OperatorError as error:
        sys.exit(str(error))
