"""Acts that take two seats, as the database keeps them."""
