"""Routes of consents and return requests."""
