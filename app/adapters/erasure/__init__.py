"""Erasure by rule and by command, and the record of it."""
