"""Decisions: from a submitted message to all of its effects."""
