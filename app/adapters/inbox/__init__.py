"""Inboxes, and the bell that wakes who waits for one."""
