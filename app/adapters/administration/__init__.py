"""Seats and clients, changed by the owner of the database or by their agency."""
