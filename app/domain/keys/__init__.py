"""The ports to the keys of the service."""
