"""What the service asks of those that hold its keys."""
