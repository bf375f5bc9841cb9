"""Consents and return requests in the database."""
