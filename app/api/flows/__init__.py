"""Routes of the flows: tables, schemas and diagrams."""
