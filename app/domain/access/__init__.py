"""Who calls, and which clients there are."""
