"""What printed Japanese needs."""
