"""Disclosures: which classes a reader may open, and the words in which a person reads of it."""
