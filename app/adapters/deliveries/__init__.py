"""What became of messages: deliveries, recalls and overdue items."""
