"""Consents and return requests, as the database keeps them."""
