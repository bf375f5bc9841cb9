"""The command line with all commands, for tests that call them in their own process."""

from app.cli.commands import command_line

cli = command_line()
