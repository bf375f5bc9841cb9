"""Webhooks, and the courier that delivers their notices."""
