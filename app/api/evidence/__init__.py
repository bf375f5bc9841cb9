"""Route of the evidence bundle."""
