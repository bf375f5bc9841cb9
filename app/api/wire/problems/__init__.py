"""Problems: what a refused caller is told (RFC 9457)."""
