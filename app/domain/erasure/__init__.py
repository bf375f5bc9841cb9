"""Erasure: retention periods, and reasons against an erasure."""
