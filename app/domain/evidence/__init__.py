"""The evidence bundle: what it holds, and how it is laid out."""
