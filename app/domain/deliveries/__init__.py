"""What became of messages: terms, recalls, and explanations for people."""
