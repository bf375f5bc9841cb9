"""Sending and reading messages: one transaction for each message."""
