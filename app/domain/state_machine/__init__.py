"""Reads the table of a flow: states, steps, guards."""
