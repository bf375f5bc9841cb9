"""Problems (RFC 9457): the answers to refused calls."""
