"""Inboxes, and the bell that wakes calls which wait for one."""
