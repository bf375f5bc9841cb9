"""Routes of tokens and of who calls."""
