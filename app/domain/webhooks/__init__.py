"""Webhooks: permitted addresses, signatures, and times of further attempts."""
