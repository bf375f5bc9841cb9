"""Clients, lock-outs and stopped tokens, as the database keeps them."""
