"""Seats and clients, as an agency administers them."""
