"""Deliveries, recalls and overdue messages."""
