"""Webhooks: where notices may go, how they are signed, and when they are tried again."""
