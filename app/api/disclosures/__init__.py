"""Routes of disclosures, and the sheet for the person concerned."""
