"""The caller of a request, and the registered clients."""
