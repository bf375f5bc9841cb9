"""The rules: pure values, tables and predicates; no I/O, no clock, no framework."""
