"""Routes of the directory."""
