"""Commands that write what is published: the contract and the pages of flows."""
