"""The `tsunagu` command."""

import sys

from pydantic import ValidationError

from app.adapters.outage import OperatorError
from app.cli.commands import called_command, command_line


def main() -> None:
    """Run the command line; what the user can put right is a sentence and exit code 1."""
    try:
        command_line(called_command(sys.argv[1:]))(prog_name="tsunagu")
    except OperatorError as error:
        sys.exit(str(error))
    except ValidationError as error:
        if error.title != "Settings":
            raise
        sys.exit(_wrong_settings(error))


def _wrong_settings(error: ValidationError) -> str:
    """What is wrong with settings, a line each, without the values that pydantic would show."""
    reasons: dict[str, list[str]] = {}
    for each in error.errors(include_url=False, include_input=False):
        # After its name comes which of several types it was read as, which is no setting's name.
        name = f"TSUNAGU_{str(each['loc'][0]).upper()}" if each["loc"] else "Settings"
        reasons.setdefault(name, []).append(each["msg"].removeprefix("Value error, "))
    return "\n".join(f"{name}: {'; or '.join(why)}" for name, why in reasons.items())
