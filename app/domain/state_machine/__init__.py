"""The state machine: the form of a flow's table, its guards and common rows."""
