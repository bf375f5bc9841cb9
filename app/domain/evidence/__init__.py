"""The evidence bundle: its contents and its file format."""
