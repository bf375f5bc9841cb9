"""Routes of seats and clients."""
