"""Erases by rule and by command, and keeps the list of it."""
