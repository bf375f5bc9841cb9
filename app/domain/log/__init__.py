"""The log: its Merkle tree and its signed checkpoints."""
