"""Messages: bodies, fields with their classes, facts and digests."""
