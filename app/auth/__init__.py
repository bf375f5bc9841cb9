"""Who is this and what may they do: tokens, keys, scopes, seats."""
