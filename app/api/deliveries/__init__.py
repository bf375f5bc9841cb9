"""Routes of deliveries and recalls."""
