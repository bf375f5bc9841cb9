"""What an agency administers: seats and clients."""
