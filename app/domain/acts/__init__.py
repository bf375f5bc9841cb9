"""Acts that take two seats of an agency."""
