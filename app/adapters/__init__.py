"""PostgreSQL, outgoing HTTP and keys on disk: how the decisions are carried out, and none taken."""
