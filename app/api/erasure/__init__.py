"""Routes of what was erased."""
