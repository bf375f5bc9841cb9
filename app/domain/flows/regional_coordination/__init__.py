"""広域調整 (regional coordination)."""
