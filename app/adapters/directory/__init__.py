"""The directory: read, cached, and filled with the national data."""
