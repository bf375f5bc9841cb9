"""The list of disclosures."""
