"""Checking an evidence bundle offline: no network, no account, no database, no settings."""
