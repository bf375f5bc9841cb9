"""Sending and reading messages: one transaction a message."""
