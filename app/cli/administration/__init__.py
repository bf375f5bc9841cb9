"""Commands of agencies, seats and clients."""
