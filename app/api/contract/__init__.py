"""The published contract (OpenAPI 3.1)."""
