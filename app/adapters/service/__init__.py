"""Whether the service can do its work, and figures about it."""
