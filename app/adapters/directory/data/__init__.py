"""The national directory as files: agencies, their jurisdictions, and where each fact is from."""
