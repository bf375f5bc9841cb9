"""Authentication and authorization: clients, access tokens, signing keys, scopes, DPoP."""
