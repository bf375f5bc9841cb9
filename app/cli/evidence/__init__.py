"""Verifies an evidence bundle offline: without network, account, database or settings."""
