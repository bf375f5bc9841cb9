"""The list of disclosures of a case."""
