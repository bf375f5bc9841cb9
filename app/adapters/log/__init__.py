"""The log: entries, the sealer that grows its tree, and its audit."""
