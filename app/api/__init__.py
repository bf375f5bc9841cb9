"""The wire: speaks HTTP, decides nothing."""
