"""Connections, logins, migrations and functions of the database."""
