"""Routes of health, metrics and pages for people."""
