"""The commands of `tsunagu`, each imported only when it is called.

A worker that starts needs no web framework: importing every command takes three times as long as
importing its own.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module

import typer

COMMANDS: Mapping[str, str] = {
    "run": "processes.run:run",
    "serve": "processes.serve:serve",
    "worker": "processes.work:worker",
    "migrate": "database.migrate:migrate",
    "demo": "story.demo:demo",
    "flows-docs": "contract.flow_pages:flows_docs",
    "settings-docs": "contract.settings_pages:settings_docs",
    "database-docs": "contract.database_pages:database_docs",
    "openapi": "contract.openapi:openapi",
    "verify": "evidence.verify:verify_bundle",
    "agency": "administration.agencies:agency",
    "seat": "administration.seats:seat",
    "client": "administration.clients:client",
    "token": "access.token:token",
    "log": "log.log:log",
    "erasures": "erasure.erasures:erasures",
    "keys": "keys.keys:commands",
}
"""Where each command is, below `app.cli`: a function, or a group of commands."""


def command_line(names: Iterable[str] = tuple(COMMANDS)) -> typer.Typer:
    """The `tsunagu` command with these commands, by default with all of them."""
    # A traceback with local variables would print passwords.
    cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    cli.callback()(_group)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        command = getattr(import_module(f"app.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            cli.add_typer(command, name=name)
        else:
            cli.command(name)(command)
    return cli


def called_command(arguments: list[str]) -> Iterable[str]:
    """The command that is called with these arguments; where it is not plain which, all of them."""
    name = arguments[0] if arguments else ""
    return (name,) if name in COMMANDS else COMMANDS


def _group() -> None:
    # Without a callback Typer takes a single command for the whole command line.
    return
