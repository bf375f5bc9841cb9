"""Retention periods, and what objects to an erasure."""
