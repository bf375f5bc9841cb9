"""Disclosures: which classes a reader may open, and how a person is told of it."""
