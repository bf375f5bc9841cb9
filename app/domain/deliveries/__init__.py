"""Deliveries of messages: terms, recalls, and explanations for people."""
