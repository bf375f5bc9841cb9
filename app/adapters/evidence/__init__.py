"""Collects what an evidence bundle holds."""
