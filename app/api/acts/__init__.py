"""Routes of acts that take two seats."""
