"""Keys: the folder they lie in, the vault that seals with them, and how they are replaced."""
