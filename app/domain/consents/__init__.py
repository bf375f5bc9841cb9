"""Consents: what they cover, and requests to return what was disclosed on them."""
